import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { PluginConfiguration } from "../support/chain.ts";
import { socket } from "../e2e/agent/nodes.ts";
import { dist } from "../support/binary.ts";
import { crosslinkPlugin } from "../e2e/support/pod.ts";
import type { Node } from "../e2e/support/topology.ts";

/** A plugin to run, with the conflist entry for it. */
export interface Program {
  readonly program: string;
  readonly plugin: PluginConfiguration;
  /** Besides what all get. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A plugin to measure. */
export interface Contestant extends Program {
  readonly name: string;
  /** What connects the pod before it; left out where the contestant does. */
  readonly base?: Program;
  /** Whether the time of the base plugin, and of its IPAM plugin, counts too. */
  readonly wholeChain?: boolean;
  /** Whether its first ADD makes state of the node that later ones find. */
  readonly makesNodeState?: boolean;
}

/** Where crosslink's programs are, and what they have to be told. */
export interface Installed {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

const reference = "/usr/lib/cni";
/** The full binary: each call is a process of its own. */
export const alone: Installed = { folder: dist, environment: {} };

/** The launcher of the build in `programs` with an agent behind it, as `crosslink install` leaves a node. */
export function installLauncher(node: Node, programs: string): Installed {
  const folder = join(node.folder, "programs");
  mkdirSync(folder);
  for (const name of ["crosslink", "crosslink-ipam"])
    copyFileSync(
      join(programs, "../native/build/launcher"),
      join(folder, name),
    );
  symlinkSync(join(programs, "crosslink"), join(folder, "crosslink.full"));
  return { folder, environment: { CROSSLINK_AGENT: socket(node) } };
}

/** The base plugin of most pods here. */
export function ptp(node: Node): Program {
  const ipam = {
    type: "host-local",
    dataDir: join(node.folder, "host-local"),
    ranges: [[{ subnet: node.podCidr }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return { program: join(reference, "ptp"), plugin: { type: "ptp", ipam } };
}

/** The same with crosslink-ipam, which looks at the cluster files, too. */
export function ptpWithOurIpam(
  node: Node,
  { folder, environment }: Installed,
): Program {
  const { clustersDir } = crosslinkPlugin(node);
  const { plugin, program } = ptp(node);
  const ipam = {
    ...(plugin["ipam"] as object),
    type: "crosslink-ipam",
    dataDir: join(node.folder, "crosslink-ipam"),
    clustersDir,
    node: node.name,
  };
  const path = { CNI_PATH: `${folder}:${reference}` };
  return {
    program,
    plugin: { ...plugin, ipam },
    environment: { ...environment, ...path },
  };
}

/** crosslink on a node. */
export function crosslink(
  node: Node,
  { folder, environment }: Installed,
): Program {
  const program = join(folder, "crosslink");
  // As most have it: no file of its own for each call's log.
  const plugin = { ...crosslinkPlugin(node), logFile: undefined };
  return { program, plugin, environment };
}

/** The cheapest reference plugin, and the one to compare with. */
export const tuning: Program = peer({
  type: "tuning",
  sysctl: { "net.ipv4.conf.eth0.arp_notify": "1" },
});

/** The reference plugins that are chained after a base plugin, each with what it is commonly given to do. */
export const peers: readonly Program[] = [
  tuning,
  peer({ type: "sbr" }),
  peer({ type: "firewall", backend: "iptables" }),
  peer({
    type: "portmap",
    runtimeConfig: {
      portMappings: [{ hostPort: 18080, containerPort: 80, protocol: "tcp" }],
    },
  }),
];

function peer(plugin: PluginConfiguration): Program {
  return { program: join(reference, plugin.type), plugin };
}

/** "1,000 remote CIDRs". */
export function cidrs(count: number): string {
  return `${count.toLocaleString("en")} remote CIDR${count === 1 ? "" : "s"}`;
}
