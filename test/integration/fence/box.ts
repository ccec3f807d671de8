import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary, type Ended } from "../../support/binary.ts";
import type { Namespace } from "../../support/namespace.ts";
import { nodeFiles, type NodeFiles } from "../../support/node-files.ts";

/** The built program on a machine of its own: its /run, /var/lib and /etc of crosslink are folders of a test. */
export interface Box extends NodeFiles, Disposable {
  readonly run: string;
  readonly lib: string;
  readonly cni: string;
  /** Runs a shell script there, with `$crosslink` the program. */
  shell(node: Namespace, script: string, input?: string): Ended;
}

export function box(): Box {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-box-"));
  const [run, lib, etc, cni] = ["run", "lib", "etc", "cni"].map((name) => {
    const path = join(folder, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }) as [string, string, string, string];
  const files = nodeFiles(etc);
  const mounts = [
    `mkdir -p /run/crosslink /var/lib/crosslink /etc/crosslink /etc/cni/net.d`,
    `mount --bind ${run} /run/crosslink`,
    `mount --bind ${lib} /var/lib/crosslink`,
    `mount --bind ${etc} /etc/crosslink`,
    `mount --bind ${cni} /etc/cni/net.d`,
    `crosslink=${binary}`,
  ].join("\n");
  return {
    ...files,
    run,
    lib,
    cni,
    shell: (node, script, input = "") => {
      const ran = spawnSync(
        "nsenter",
        [
          `--net=${node.path}`,
          "unshare",
          "-m",
          "bash",
          "--norc",
          "-c",
          `set -e\n${mounts}\nset +e\n${script}`,
        ],
        { encoding: "utf8", input, timeout: 60_000 },
      );
      return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
    },
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

/** Calls ADD as a runtime does. */
export const ADD =
  "CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/none CNI_IFNAME=eth0 CNI_PATH=/none $crosslink";
