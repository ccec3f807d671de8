import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Conflist } from "../../../support/chain.ts";
import type { RuntimeHost } from "./host.ts";

/** podman on a host. */
export interface Podman {
  /** Runs a command of podman's; what it printed. Throws when it fails. */
  (...words: readonly string[]): string;
}

/** Where podman finds what it needs. */
export interface PodmanOptions {
  /** For its configuration, and net.d. */
  readonly folder: string;
  /** Its CNI plugins. */
  readonly binFolder: string;
  readonly conflist: Conflist;
}

/** Why podman cannot use CNI plugins on this machine; undefined when it can. podman 5 has no CNI backend any more. */
export function podmanMissing(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "podman-"));
  try {
    const config = join(folder, "containers.conf");
    writeFileSync(config, configuration(folder, folder));
    const storage = [
      "--storage-driver=vfs",
      "--root",
      folder,
      "--runroot",
      folder,
    ];
    const { error, status, stderr } = spawnSync(
      "podman",
      [...storage, "network", "ls"],
      {
        env: { ...process.env, CONTAINERS_CONF: config },
        encoding: "utf8",
      },
    );
    if (error !== undefined)
      return "needs podman 4, with its CNI backend; there is no podman";
    return status === 0
      ? undefined
      : `needs podman 4, with its CNI backend; this one says: ${stderr.trim()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** podman with the CNI backend, as root. Its storage is the host's, and ends with it. */
export function podman(host: RuntimeHost, options: PodmanOptions): Podman {
  // Version 2 alone: crun takes no mixture.
  host.exec("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup");
  const netFolder = join(options.folder, "podman-net.d");
  mkdirSync(netFolder);
  const conflist = JSON.stringify(options.conflist);
  writeFileSync(join(netFolder, "10-pods.conflist"), conflist);
  const config = join(options.folder, "containers.conf");
  writeFileSync(config, configuration(netFolder, options.binFolder));
  const environment = [`CONTAINERS_CONF=${config}`, `HOME=${options.folder}`];
  return (...words) =>
    host.exec(
      "env",
      ...environment,
      "podman",
      "--storage-driver=vfs",
      ...words,
    );
}

function configuration(netFolder: string, binFolder: string): string {
  return [
    "[network]",
    'network_backend = "cni"',
    `cni_plugin_dirs = ["${binFolder}"]`,
    `network_config_dir = "${netFolder}"`,
    "[engine]",
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    'runtime = "crun"',
    "[containers]",
    // They would be the machine's.
    'cgroups = "disabled"',
    "",
  ].join("\n");
}
