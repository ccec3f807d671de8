import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { imageOf } from "../e2e/runtime/support/image.ts";
import { binary } from "../support/binary.ts";
import { copyLibraries, copyPrograms, makeDebianRoot } from "./debian-root.ts";

/** As conf/ops/kubernetes.yaml calls it, by the name that a runtime gives it. */
const NAME = "docker.io/library/crosslink:0.1.0";

/** What conf/ops/Containerfile installs, of this machine's own; without charon, which no scene here needs. */
const PROGRAMS = [
  "/usr/bin/install",
  "/usr/sbin/xtables-legacy-multi",
  "/usr/sbin/xtables-nft-multi",
];

const LINKS = ["legacy", "nft"].flatMap((kind) =>
  ["", "-save", "-restore"].flatMap((what) =>
    ["iptables", "ip6tables"].map((name) => ({
      link: `usr/sbin/${name}-${kind}${what}`,
      target: `xtables-${kind}-multi`,
    })),
  ),
);

/** Makes the image of the DaemonSet as the Containerfile says, without a registry; the archive's path. */
export function crosslinkImage(folder: string): string {
  const root = join(folder, "crosslink-root");
  makeDebianRoot(root);
  copyFileSync(binary, join(root, "usr/bin/crosslink"));
  copyLibraries(root, [binary]);
  copyPrograms(root, PROGRAMS);
  cpSync(xtables(), join(root, xtables()), { recursive: true });
  for (const { link, target } of LINKS) symlinkSync(target, join(root, link));
  for (const name of ["clusters.d", "keyring"])
    mkdirSync(join(root, "etc/crosslink", name), { recursive: true });
  symlinkSync("keyring/keyring.json", join(root, "etc/crosslink/keyring.json"));
  const words = { name: NAME, command: ["/usr/bin/crosslink"] };
  return imageOf(root, words, join(folder, "crosslink.tar"));
}

/** The folder of iptables' matches and targets, which it finds while it runs. */
function xtables(): string {
  const files = execFileSync("dpkg", ["-L", "iptables"], { encoding: "utf8" });
  const found = /^(.*\/xtables)$/m.exec(files);
  if (found?.[1] === undefined) throw new Error("iptables has no extensions");
  return found[1];
}
