import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClaims } from "../../../conf/claims.ts";
import { namesIn } from "../../../conf/folder-names.ts";
import { isCurrent } from "../../../ipam/ledger/file.ts";
import { cachedResult } from "../../../ipam/liveness/results.ts";
import { readResolvConf } from "../../../ipam/resolv-conf.ts";
import { recall } from "../../../plugin/fence/memory.ts";
import { readState } from "../../../plugin/ike/state.ts";
import { addDropIn, removeDropIns } from "../../../plugin/install/drop-in.ts";
import { otherFolders } from "../../../plugin/install/runtime-folders.ts";
import { programUsers } from "../../../plugin/install/users.ts";
import { isVerified } from "../../../plugin/kernel/verified.ts";
import { binding } from "../../support/binding.ts";

/** A file of another program, or an admin's, that is none: reading it would never end, or take all memory. */
const ODD: Readonly<Record<string, (path: string) => void>> = {
  "a FIFO": (path) => execFileSync("mkfifo", [path]),
  "a device": (path) => {
    symlinkSync("/dev/zero", path);
  },
  "a file of 3 GB": (path) => execFileSync("truncate", ["-s3G", path]),
};

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "crosslink-odd-"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function folders() {
  return {
    root,
    programs: join(root, "opt/cni/bin"),
    conflists: join(root, "etc/cni/net.d"),
    cache: join(root, "var/lib/cni/results"),
  };
}

/** Each reader: where its file is, and what it makes of one that is none. */
const READERS: Readonly<
  Record<
    string,
    [path: string, read: (path: string) => unknown, gives: unknown]
  >
> = {
  "a cluster file, for the fence": [
    "clusters.d/a.json",
    (path) => readClaims(namesIn(dirname(path))),
    [],
  ],
  "a runtime's configuration": [
    "etc/containerd/config.toml",
    () => otherFolders(folders()),
    [],
  ],
  "a conflist, on uninstall": [
    "etc/cni/net.d/10-a.conflist",
    () => programUsers(folders()),
    [],
  ],
  "libcni's cache, on uninstall": [
    "var/lib/cni/results/pods-c1-eth0",
    () => programUsers(folders()),
    [],
  ],
  "libcni's cache, for what is stale": [
    "pods-c1-eth0",
    (path) =>
      cachedResult(dirname(path), "pods", {
        containerID: "c1",
        ifname: "eth0",
      }),
    undefined,
  ],
  "a drop-in": [
    "etc/cni/net.d/pods/99-crosslink.conf",
    () => removeDropIns(folders().conflists),
    [],
  ],
  "what the agent says of IKE": [
    "ike.json",
    (path) => readState(path),
    undefined,
  ],
  "word that rules are right": [
    "verified",
    (path) => isVerified("verified", "mark", dirname(path)),
    false,
  ],
};

describe.each(Object.entries(ODD))("%s", (_, make) => {
  it.each(Object.entries(READERS))(
    "is not read as %s",
    (_, [name, read, gives]) => {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      make(path);
      expect(read(path)).toEqual(gives);
    },
  );

  it("is refused as what the fence remembers, and as a resolv.conf", () => {
    const path = join(root, "file");
    make(path);
    expect(() => recall({ binding }, "/clusters", path)).toThrow(path);
    expect(() => readResolvConf(path)).toThrow(path);
  });

  it("is no ledger that is up to date", () => {
    const path = join(root, "ledger");
    make(path);
    const look = (): boolean => {
      try {
        return isCurrent(path, root);
      } catch {
        return false;
      }
    };
    expect(look()).toBe(false);
  });

  it("gives way to crosslink's drop-in", () => {
    const conflist = join(root, "10-a.conflist");
    execFileSync("sh", ["-c", `echo '{"name":"pods"}' > ${conflist}`]);
    const path = join(root, "pods/99-crosslink.conf");
    mkdirSync(dirname(path));
    make(path);
    expect(addDropIn(conflist)).toBe(path);
    expect(removeDropIns(root)).toEqual([path]);
  });
});
