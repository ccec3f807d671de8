import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { binary, referencePlugins } from "../../../support/binary.ts";
import {
  type Node,
  type Topology,
  topology,
  writeClusters,
} from "../../support/topology.ts";

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
  writeClusters(world.nodes, () => ({ encryption: "none" }));
  return world;
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
  await copyFile(binary, unfinished);
  await rename(unfinished, join(bin, "crosslink"));
}
