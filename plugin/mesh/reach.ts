import { type Cidr, compareCidrs, parseCidr } from "../../ip/cidr.ts";
import { firstInside } from "../../ip/search.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Node } from "../../conf/generated/cluster.ts";
import type { RemoteNetworks } from "./checks.ts";
import type { Carried, TunnelGroup } from "./tunnel-group.ts";
import { mainNode, outerAddresses } from "./members.ts";
import { seenFrom } from "./networks.ts";
import type { NetworkPair, GlobalMapping, RemoteRoute } from "./state.ts";

/**
 * One route a remote network, toward the peer that carries it or the first that carries a part: one of its cluster, or on a
 * leaf the gateway. A route is all that the kernel wants before it looks at policies, and those find the right peer.
 */
export function peerRoutes(
  self: ClusterSource,
  remotes: readonly RemoteNetworks[],
  groups: readonly TunnelGroup[],
): RemoteRoute[] {
  const byCluster = Map.groupBy(
    groups,
    ({ tunnels: [first] }) => first?.peer.source.cluster.name,
  );
  const legs = byCluster.get(self.cluster.name) ?? [];
  return remotes.flatMap(({ source, seen }) => {
    const near = byCluster.get(source.cluster.name) ?? [];
    const ways = [...near, ...legs].map(({ carried }) => carried);
    return seen.flatMap((destination) => {
      const via = firstCarried(ways, destination)?.tunnel.remote;
      return via === undefined
        ? []
        : [
            {
              destination,
              via,
              cluster: source.cluster.name,
              kind: "peer" as const,
            },
          ];
    });
  });
}

function firstCarried(
  ways: readonly (readonly Carried[])[],
  destination: Cidr,
): Carried | undefined {
  return ways
    .flatMap(
      (carried) => firstInside(carried, destination, ({ cidr }) => cidr) ?? [],
    )
    .sort((a, b) => compareCidrs(a.cidr, b.cidr))[0];
}

/** Plain networks through the routers that their files name; those without are left to the default route. */
export function plainRoutes(remotes: readonly RemoteNetworks[]): RemoteRoute[] {
  return remotes.flatMap(({ source, seen }) => {
    const seenOutside = seenFrom(source);
    const behind = source.cluster.nodes.flatMap((node) =>
      (node.podCIDRs ?? []).map((text) => ({
        node,
        destination: seenOutside(parseCidr(text)),
      })),
    );
    const named = new Set(behind.map(({ destination }) => destination.text));
    const router = mainNode(source);
    const others =
      router === undefined
        ? []
        : seen
            .filter(({ text }) => !named.has(text))
            .map((destination) => ({ node: router, destination }));
    return [...behind, ...others].flatMap(({ node, destination }) => {
      const via = addressToward(node, destination.family);
      return via === undefined
        ? []
        : [
            {
              destination,
              via,
              cluster: source.cluster.name,
              kind: "plain" as const,
            },
          ];
    });
  });
}

/** Each local network with each remote one of its family. */
export function exemptionsFor(
  locals: readonly Cidr[],
  remotes: readonly Cidr[],
  traits: { encrypted: boolean; mappings: readonly GlobalMapping[] },
): NetworkPair[] {
  const globals = new Map(
    traits.mappings.map(({ own, global }) => [own.text, global]),
  );
  return remotes.flatMap((remote) =>
    locals
      .filter(({ family }) => family === remote.family)
      .map((local) => {
        const global = globals.get(local.text);
        return {
          local,
          remote,
          encrypted: traits.encrypted,
          ...(global === undefined ? {} : { global }),
        };
      }),
  );
}

/** Where a cluster's pod networks have other addresses for the other clusters. */
export function mappingsOf(
  source: ClusterSource,
  pods: readonly Cidr[],
): GlobalMapping[] {
  const seenOutside = seenFrom(source);
  return pods
    .map((own) => ({ own, global: seenOutside(own) }))
    .filter(({ own, global }) => own.text !== global.text);
}

/** Of the destination's family where the node has such an address. */
function addressToward(node: Node, family: 4 | 6): Uint8Array | undefined {
  const addresses = outerAddresses(node);
  return (addresses.get(family) ?? [...addresses.values()][0])?.address.bytes;
}
