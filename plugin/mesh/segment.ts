import { parseCidr } from "../../ip/cidr.ts";
import type { Node } from "../../conf/generated/cluster.ts";
import { outerAddresses } from "./members.ts";
import { inFamily } from "./networks.ts";
import type { NodeAddresses, Segment } from "./state.ts";
import type { View } from "./view.ts";

/** The segment of a node of a gateway-mode cluster that has anybody to talk to; undefined for all others. */
export function segmentOf({
  self,
  role,
  gateway,
  encrypted,
}: View): Segment | undefined {
  if (gateway === undefined || encrypted.length === 0) return undefined;
  const { cluster } = self.source;
  const companions =
    role === "leaf"
      ? [gateway]
      : cluster.nodes.filter(({ name }) => name !== gateway.name);
  return {
    addresses: addressesOf(self.node),
    companions: companions.map((node) => ({
      node: node.name,
      addresses: addressesOf(node),
      pods: inFamily(cluster, (node.podCIDRs ?? []).map(parseCidr)),
    })),
    underlay: underlayOf(cluster.nodes, gateway),
    always: cluster.overlay === "always" || cluster.cni === "globalrouter",
  };
}

function addressesOf(node: Node): NodeAddresses {
  const found = [...outerAddresses(node)];
  return new Map(found.map(([family, { address }]) => [family, address.bytes]));
}

function underlayOf(nodes: readonly Node[], gateway: Node): 4 | 6 {
  const all = nodes.map(addressesOf);
  const common = ([4, 6] as const).find((family) =>
    all.every((addresses) => addresses.has(family)),
  );
  return common ?? [...addressesOf(gateway).keys()][0] ?? 4;
}
