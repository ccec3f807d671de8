/** Bases that are Debian's containernetworking-plugins, as they are. */
import { join } from "node:path";
import type { Node } from "../support/topology.ts";
import { type Base, publishedConflist } from "./base.ts";

export const ptp: Base = {
  name: "ptp",
  podCidr: "10.1.0.0/24",
  conflist: (node) =>
    publishedConflist("ptp", node, (base) => ({
      ipam: { ...(base["ipam"] as object), ...storeOf(node) },
    })),
};

export const bridge: Base = {
  name: "bridge",
  podCidr: "10.2.0.0/24",
  conflist: (node) => bridgeConflist(node, { ipMasq: true }),
};

/** Somebody else masquerades: all that leaves by the uplink. */
export const bridgeWithoutMasquerade: Base = {
  name: "bridge-without-ipmasq",
  podCidr: "10.3.0.0/24",
  conflist: (node) => bridgeConflist(node, { ipMasq: false }),
  prepare: "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
};

/** Two clusters of the same pod CIDR, on nodes whose own nf_tables ruleset masquerades; there is no iptables. */
export const east: Base = {
  name: "east",
  podCidr: "10.9.0.0/24",
  globalCidr: "100.81.0.0/24",
  conflist: (node) => {
    const { plugins, ...list } = ptp.conflist(node);
    return {
      ...list,
      plugins: plugins.map((plugin) =>
        plugin.type === "ptp" ? { ...plugin, ipMasq: false } : plugin,
      ),
    };
  },
  prepare: `
  nft add table ip nat
  nft 'add chain ip nat postrouting { type nat hook postrouting priority srcnat; }'
  nft add rule ip nat postrouting oifname eth0 masquerade`,
};
export const west: Base = {
  ...east,
  name: "west",
  globalCidr: "100.82.0.0/24",
};

function bridgeConflist(node: Node, options: { ipMasq: boolean }) {
  return publishedConflist("bridge", node, (base) => ({
    ...options,
    ipam: { ...(base["ipam"] as object), ...storeOf(node) },
  }));
}

function storeOf(node: Node): object {
  return {
    dataDir: join(node.folder, "host-local"),
    ranges: [[{ subnet: node.podCidr }]],
  };
}
