import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { dist } from "../../support/pod.ts";
import {
  clusterFile,
  type Node,
  type Topology,
  topology,
} from "../../support/topology.ts";

/** Reference plugins of Debian's containernetworking-plugins. */
const referencePlugins = "/usr/lib/cni";

/**
 * Two clusters of one node each, in peered networks: the router between them knows the pod CIDRs, and nothing is
 * encrypted (`"encryption": "none"`), so that any kernel will do.
 */
export function peeredWorld(): Topology {
  const world = topology([
    {
      cluster: "east",
      name: "east1",
      privateIp: "10.81.0.2",
      elasticIp: "203.0.113.1",
      podCidr: "10.91.0.0/24",
    },
    {
      cluster: "west",
      name: "west1",
      privateIp: "10.82.0.2",
      elasticIp: "203.0.113.2",
      podCidr: "10.92.0.0/24",
    },
  ]);
  for (const { podCidr, privateIp } of world.nodes)
    execFileSync("ip", [
      ...["-n", world.internet.name],
      ...["route", "add", podCidr, "via", privateIp],
    ]);
  for (const { folder } of world.nodes) writePlainClusters(folder, world.nodes);
  return world;
}

function writePlainClusters(folder: string, nodes: readonly Node[]): void {
  for (const { cluster } of nodes) {
    const file = { ...clusterFile(cluster, nodes), encryption: "none" };
    const path = join(folder, "clusters.d", `${cluster}.json`);
    writeFileSync(path, JSON.stringify(file, undefined, 2));
  }
}

/** A node's folder of CNI plugins: crosslink by both its names, and the reference plugins. */
export async function pluginFolder({ folder }: Node): Promise<string> {
  const bin = join(folder, "cni-bin");
  mkdirSync(bin);
  for (const name of ["ptp", "host-local", "loopback"])
    symlinkSync(join(referencePlugins, name), join(bin, name));
  await installCrosslink(bin);
  symlinkSync("crosslink", join(bin, "crosslink-ipam"));
  return bin;
}

/** Puts a fresh copy of dist/crosslink in place by rename, as an upgrade does. */
export async function installCrosslink(bin: string): Promise<void> {
  const unfinished = join(bin, ".crosslink-unfinished");
  await copyFile(join(dist, "crosslink"), unfinished);
  await rename(unfinished, join(bin, "crosslink"));
}
