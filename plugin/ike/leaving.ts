import type { IkeTunnel, Peer } from "../mesh/state.ts";
import { connectionName } from "./charon/connection.ts";

/** A tunnel that the files say is one by derived keys again, while charon still serves it. */
export interface Leaving {
  readonly tunnel: IkeTunnel;
  /** Of `performance.now()`. */
  readonly sinceMs: number;
}

/** The other end has its files by then, or loses what is sent until it has, in milliseconds. */
const OTHER_END_MS = 10_000;

/**
 * What charon serves on: both ends accept by derived keys as soon as their files say so, but neither knows when the other
 * one's do. So what is sent stays on charon's SAs for a while, goes over to derived keys' then, and charon's go at last.
 *
 * @param now what the files say; a peer that has gone is not served on
 */
export function leavingAfter(
  before: {
    readonly ike: readonly IkeTunnel[];
    readonly leaving: readonly Leaving[];
  },
  now: {
    readonly ike: readonly IkeTunnel[];
    readonly peers: readonly Peer[];
  },
  nowMs: number,
): Leaving[] {
  const byIke = new Set(now.ike.map(connectionName));
  const peers = new Set(now.peers.map(({ reqid }) => reqid));
  return [
    ...before.leaving,
    ...before.ike.map((tunnel) => ({ tunnel, sinceMs: nowMs })),
  ].filter(
    ({ tunnel }) =>
      !byIke.has(connectionName(tunnel)) && peers.has(tunnel.reqid),
  );
}

/** Whether what is sent is to go by derived keys now. */
export function isToGo({ sinceMs }: Leaving, nowMs: number): boolean {
  return nowMs - sinceMs >= OTHER_END_MS;
}

/** Whether charon's SAs are to go. */
export function isGone({ sinceMs }: Leaving, nowMs: number): boolean {
  return nowMs - sinceMs >= 2 * OTHER_END_MS;
}
