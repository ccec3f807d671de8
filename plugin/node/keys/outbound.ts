import { type Meter, mostPackets } from "./meter.ts";

/** How far the newest SA of a series had counted when this node last looked. */
export interface Sent {
  readonly generation: number;
  /** The last sequence number. */
  readonly sequence: number;
  readonly at: Meter;
}

/** The newest SA of a series that the kernel holds. */
interface Standing {
  readonly generation: number;
  readonly sequence: number;
  /** Whether it is what is wanted but for its counter: most of it cannot be changed while it counts. */
  readonly serves: boolean;
}

/** All that is known of a series that this node sends with. */
export interface Past {
  /** In this boot. */
  readonly noted: Sent | undefined;
  readonly standing: Standing | undefined;
  /** The newest generation that was ever sent with, as far as is known beyond a boot. */
  readonly newest: number;
  /** Whether SAs were there in this boot, and what was noted of them is lost. */
  readonly isForgotten: boolean;
  /** Whether there is a next generation: not with a static key. */
  readonly isLast: boolean;
}

/** What to send with. */
export interface Next {
  readonly generation: number;
  /** Where the counter stands, or has to begin: the next packet has the number after it. */
  readonly sequence: number;
  readonly stands: boolean;
}

/** The last sequence number (RFC 4303 §2.2): the kernel sends nothing after it (xfrm_replay_overflow(), net/xfrm/xfrm_replay.c). */
export const LAST_SEQUENCE = 2 ** 32 - 1;

/** From here on the next generation takes over: the other half is the time that agents and admins have. */
export const TURN = 2 ** 31;

/**
 * Decides on a series' next SA, such that no number is used twice under a key in one boot. An SA that stands is kept. One
 * that has gone is made anew, ahead of all that it can have sent; where that may be half of its numbers, the next
 * generation begins. So it does where an SA must be made anew in the other encapsulation, and where nothing is known of
 * what was sent: there at a random number, since the same may happen again.
 *
 * @param random from 0 to 1
 */
export function nextOutbound(
  past: Past,
  now: Meter,
  random: () => number = Math.random,
): Next {
  const { noted, standing, newest, isForgotten } = past;
  if (standing && standing.generation >= (noted?.generation ?? 0))
    return keep(standing, past);
  if (noted !== undefined) return resume(noted, past, now);
  if (!isForgotten) return { generation: newest, sequence: 0, stands: false };
  const sequence = Math.floor(random() * (TURN / 2));
  return { ...turn(newest, past), sequence };
}

/** The next generation; with a static key there is none. */
function turn(from: number, { newest, isLast }: Past): Next {
  const generation = isLast ? from : Math.max(from, newest) + 1;
  return { generation, sequence: 0, stands: false };
}

/** An SA that has gone. */
function resume(
  { generation, sequence, at }: Sent,
  past: Past,
  now: Meter,
): Next {
  const ahead = sequence + mostPackets(at, now);
  const isDue = ahead >= TURN || generation < past.newest;
  if (isDue && !past.isLast) return turn(generation, past);
  return {
    generation,
    sequence: Math.min(ahead, LAST_SEQUENCE),
    stands: false,
  };
}

/** As it stands, where it can go on. A static key's, which has to, is made anew ahead of what it sends meanwhile. */
function keep(standing: Standing, past: Past): Next {
  const { generation, sequence, serves } = standing;
  if (serves && (past.isLast || sequence < TURN))
    return { generation, sequence, stands: true };
  if (!past.isLast) return turn(generation, past);
  const ahead = Math.min(sequence + MEANWHILE, LAST_SEQUENCE);
  return { generation, sequence: ahead, stands: false };
}

/** Packets that an SA can send between a look at it and its end. */
const MEANWHILE = 2 ** 28;
