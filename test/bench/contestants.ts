import { join } from "node:path";
import type { PluginConfiguration } from "../support/chain.ts";
import { crosslinkPlugin, dist } from "../e2e/support/pod.ts";
import type { Node } from "../e2e/support/topology.ts";

/** A plugin to measure, with the conflist entry that runs it. */
export interface Contestant {
  readonly name: string;
  readonly program: string;
  readonly plugin: PluginConfiguration;
  /** Whether it comes after ptp and gets its result, or is ptp itself. */
  readonly chained: boolean;
  /** Whether its first ADD makes state of the node that later ones find. */
  readonly makesNodeState: boolean;
}

const reference = "/usr/lib/cni";

/** The base plugin of every pod here, and a contestant itself. */
export function basePlugin(node: Node): Contestant {
  return {
    name: "ptp with host-local",
    program: join(reference, "ptp"),
    chained: false,
    makesNodeState: false,
    plugin: {
      type: "ptp",
      ipam: {
        type: "host-local",
        dataDir: join(node.folder, "host-local"),
        ranges: [[{ subnet: node.podCidr }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  };
}

/** The reference plugins that are chained after a base plugin, each with what it is commonly given to do. */
export const peers: readonly Contestant[] = [
  peer({ type: "tuning", sysctl: { "net.ipv4.conf.eth0.arp_notify": "1" } }),
  peer({ type: "sbr" }),
  peer({ type: "firewall", backend: "iptables" }),
  peer({
    type: "portmap",
    runtimeConfig: {
      portMappings: [{ hostPort: 18080, containerPort: 80, protocol: "tcp" }],
    },
  }),
];

/** crosslink on a node that sees `remoteCidrs` CIDRs of other clusters. */
export function crosslink(node: Node, remoteCidrs: number): Contestant {
  return {
    name: `crosslink, ${remoteCidrs.toLocaleString("en")} remote CIDR${remoteCidrs === 1 ? "" : "s"}`,
    program: join(dist, "crosslink"),
    plugin: crosslinkPlugin(node),
    chained: true,
    makesNodeState: true,
  };
}

function peer(plugin: PluginConfiguration): Contestant {
  const program = join(reference, plugin.type);
  return {
    name: plugin.type,
    program,
    plugin,
    chained: true,
    makesNodeState: false,
  };
}
