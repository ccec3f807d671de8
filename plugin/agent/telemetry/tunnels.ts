import { formatAddress } from "../../../native/address.ts";
import { XFRM_STATE_ESN } from "../../../native/xfrm/constants.ts";
import type { ObservedAssociation } from "../../../native/xfrm/sa.ts";
import type { Peer } from "../../mesh/state.ts";
import {
  type FindAssociation,
  findAssociations,
} from "../../node/peers/associations.ts";

/** One SA that this node should have, and what the kernel has. */
export interface Tunnel {
  readonly labels: TunnelLabels;
  readonly association: ObservedAssociation | undefined;
}

/** What tells a tunnel from all others; a key's number, never the key. */
interface TunnelLabels {
  readonly cluster: string;
  readonly peer: string;
  readonly endpoint: string;
  readonly direction: "in" | "out";
  readonly key: string;
}

/** Names of {@link TunnelLabels}. */
export const TUNNEL_LABELS = [
  "cluster",
  "peer",
  "endpoint",
  "direction",
  "key",
] as const;

/**
 * Every SA of every peer. Those of other keys than the active one are tunnels of their own: summed up, the counters
 * would jump when a key is retired.
 */
export function tunnels(
  peers: readonly Peer[],
  associations: readonly ObservedAssociation[],
): Tunnel[] {
  const find = findAssociations(associations);
  return peers.flatMap((peer) => tunnelsOf(peer, find));
}

function tunnelsOf(peer: Peer, find: FindAssociation): Tunnel[] {
  const { cluster, node, local, remote, keyId, spiOut, accepted } = peer;
  const common = { cluster, peer: node, endpoint: formatAddress(remote) };
  return [
    {
      labels: { ...common, direction: "out", key: keyName(keyId) },
      association: find(remote, spiOut),
    },
    ...accepted.map(({ keyId, spi }) => ({
      labels: { ...common, direction: "in" as const, key: keyName(keyId) },
      association: find(local, spi),
    })),
  ];
}

function keyName(id: number | undefined): string {
  return id === undefined ? "static" : String(id);
}

/** How much of its sequence numbers an SA has sent, from 0 to 1. At 1 the kernel drops what it is to send. */
export function sequenceUse({
  sequence,
  flags = 0,
}: Pick<ObservedAssociation, "sequence" | "flags">): number {
  const bits = (flags & XFRM_STATE_ESN) === 0 ? 32 : 64;
  return Number(sequence.output) / 2 ** bits;
}
