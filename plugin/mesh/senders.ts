import type { ClusterSource } from "../../conf/clusters.ts";
import type { TunnelEnd } from "./ipsec/keys.ts";
import { numberSenders, type SenderNumbers } from "./ipsec/spi.ts";
import { endOf } from "./tunnels.ts";
import { outerAddresses } from "./members.ts";
import { isEncrypted } from "./networks.ts";

/** Numbers all nodes of the encrypted clusters, whatever they hold: then modes and gateways can change freely. */
export function senderNumbers(
  clusters: readonly ClusterSource[],
): (family: 4 | 6) => SenderNumbers {
  const numbered = new Map<4 | 6, SenderNumbers>();
  return (family) => {
    const known =
      numbered.get(family) ??
      numberSenders(endsIn(clusters.filter(isEncrypted), family));
    numbered.set(family, known);
    return known;
  };
}

function endsIn(
  clusters: readonly ClusterSource[],
  family: 4 | 6,
): TunnelEnd[] {
  return clusters.flatMap((source) =>
    source.cluster.nodes.flatMap((node) => {
      const outer = outerAddresses(node).get(family);
      return outer === undefined ? [] : [endOf({ source, node }, outer)];
    }),
  );
}
