import {
  formatAddress,
  type ObservedAssociation,
} from "../../../native/index.ts";
import type { Peer } from "../../mesh/state.ts";
import type { KnownAssociations } from "../../node/peers/associations.ts";

/** One SA that this node should have, and what the kernel has. */
export interface MeasuredTunnel {
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
  known: KnownAssociations,
): MeasuredTunnel[] {
  return peers.flatMap((peer) =>
    peer.keying === "ike" ? byIke(peer, known) : byKeyring(peer, known),
  );
}

/** charon makes them anew every hour: the newest counts, and a counter that begins again is what Prometheus expects. */
function byIke(
  peer: Peer,
  { outbound, inbound }: KnownAssociations,
): MeasuredTunnel[] {
  const common = { ...commonLabels(peer), key: "ike" };
  return [
    {
      labels: { ...common, direction: "out" },
      association: outbound(peer).at(-1),
    },
    {
      labels: { ...common, direction: "in" },
      association: inbound(peer).at(-1),
    },
  ];
}

function byKeyring(
  peer: Peer,
  { find, outbound }: KnownAssociations,
): MeasuredTunnel[] {
  const { local, keyId, accepted } = peer;
  const common = commonLabels(peer);
  return [
    {
      labels: { ...common, direction: "out", key: keyName(keyId) },
      association: outbound(peer).at(-1),
    },
    ...accepted.map(({ keyId, spis }) => ({
      labels: { ...common, direction: "in" as const, key: keyName(keyId) },
      association: lastUsed(spis.flatMap((spi) => find(local, spi) ?? [])),
    })),
  ];
}

/** Of a key's generations the one that the peer sends with: a counter that begins again is what Prometheus expects. */
function lastUsed(
  found: readonly ObservedAssociation[],
): ObservedAssociation | undefined {
  const used = ({ lastUsedSeconds = 0n }: ObservedAssociation): number =>
    Number(lastUsedSeconds);
  return found.toSorted((a, b) => used(b) - used(a))[0];
}

function commonLabels({
  cluster,
  node,
  remote,
}: Peer): Pick<TunnelLabels, "cluster" | "peer" | "endpoint"> {
  return { cluster, peer: node, endpoint: formatAddress(remote) };
}

function keyName(id: number | undefined): string {
  return id === undefined ? "static" : String(id);
}
