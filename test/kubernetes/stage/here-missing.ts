import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, existsSync } from "node:fs";

const PROGRAMS = ["containerd", "runc", "conntrack", "ipset", "unshare"];

/** What a stage on this machine's own kernel lacks, by name; undefined where it lacks nothing. */
export function hereMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  const program = PROGRAMS.find((name) => !isInstalled(name));
  if (program !== undefined) return `the program ${program}`;
  return failing();
}

function isInstalled(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}

/** What nodes do first of all, tried in namespaces that go right away. */
const TRIALS = {
  "an overlay over its root": `
    mount -t tmpfs tmpfs /mnt && mkdir /mnt/files /mnt/work /mnt/root
    mount -t overlay -o lowerdir=/,upperdir=/mnt/files,workdir=/mnt/work overlay /mnt/root`,
  VXLAN: "ip link add vxlan0 type vxlan id 1 dstport 4789 dev lo",
  "sets of addresses (ipset)": "ipset create trial hash:net",
};

function failing(): string | undefined {
  const group = groupsMissing();
  if (group !== undefined) return group;
  for (const [name, script] of Object.entries(TRIALS)) {
    const words = ["--mount", "--net", "sh", "-ec", script];
    if (spawnSync("unshare", words).status !== 0) return name;
  }
  return undefined;
}

/** Version 2, or what a kubelet asks of version 1. */
function groupsMissing(): string | undefined {
  const root = "/sys/fs/cgroup";
  const groups = existsSync(`${root}/cgroup.controllers`)
    ? [root]
    : ["cpu", "cpuacct", "cpuset", "memory"].map((name) => `${root}/${name}`);
  try {
    for (const group of groups) accessSync(`${group}/cgroup.procs`);
    const trial = groups.map((group) => `${group}/crosslink-trial`);
    execFileSync("mkdir", trial, { stdio: "ignore" });
    execFileSync("rmdir", trial, { stdio: "ignore" });
    return undefined;
  } catch {
    return "control groups that it may write";
  }
}
