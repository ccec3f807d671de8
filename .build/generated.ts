/** Generated files are committed, so that a reader and an editor see them; this proves that they are what the schemas give. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { root } from "./paths.ts";

const generator = `${root}/.build/generate.ts`;

/** Generates again; the list of files that came out differently, as a message, or nothing. */
export function staleGenerated(): string | undefined {
  if (!existsSync(generator)) return undefined;
  const before = digests();
  execFileSync(process.execPath, [generator], { cwd: root, stdio: "pipe" });
  const after = digests();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (changed.length === 0) return undefined;
  return `Not what the schemas give; they have been written anew, commit them:\n${changed.join("\n")}`;
}

function digests(): Map<string, string> {
  const files = globSync(
    ["{cni,native,conf,ipam,plugin}/**/generated/*", "conf/ops/kubernetes/*"],
    {
      cwd: root,
    },
  );
  return new Map(files.map((file) => [file, digest(`${root}/${file}`)]));
}

function digest(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
