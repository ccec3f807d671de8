import type { ObservedAssociation } from "../../native/index.ts";
import type { Peer } from "../mesh/state.ts";
import { knowAssociations } from "../node/peers/associations.ts";

/** Packets of all tunnels with other clusters, as the kernel has counted them. */
export interface PacketCounts {
  readonly sent: number;
  readonly heard: number;
}

/** What traffic says of the way to the other clusters. */
export interface Hearing {
  readonly traffic: PacketCounts;
  /** So many looks one after the other it had sent, and nobody was heard. */
  readonly unanswered: number;
  /** Until when it counts as deaf, unless it hears somebody; milliseconds. */
  readonly deafUntil: number;
}

/** One packet that stays without an answer is nothing; three looks, 5 s apart, are. */
const LOOKS = 3;

/** Whoever is no longer in use sends nothing, and cannot hear that all is well again; milliseconds. */
const DEAF_MS = 600_000;

/** Takes over what was heard until now. Counters that began again say nothing. */
export function hearingAfter(
  known: Hearing | undefined,
  traffic: PacketCounts,
  now: number,
): Hearing {
  const before = known ?? { traffic, unanswered: 0, deafUntil: -Infinity };
  const sent = traffic.sent - before.traffic.sent;
  const heard = traffic.heard - before.traffic.heard;
  if (heard > 0) return { traffic, unanswered: 0, deafUntil: -Infinity };
  const isUnanswered = sent > 0 && heard === 0;
  const unanswered = isUnanswered ? before.unanswered + 1 : 0;
  const deafUntil = unanswered >= LOOKS ? now + DEAF_MS : before.deafUntil;
  return { traffic, unanswered, deafUntil };
}

/** Counts what went through the tunnels with these peers. */
export function trafficOf(
  peers: readonly Peer[],
  associations: readonly ObservedAssociation[],
): PacketCounts {
  const { inbound, outbound } = knowAssociations(associations);
  return {
    sent: packetsOf(peers.flatMap(outbound)),
    heard: packetsOf(peers.flatMap(inbound)),
  };
}

function packetsOf(list: readonly ObservedAssociation[]): number {
  return list.reduce((sum, { current }) => sum + Number(current.packets), 0);
}
