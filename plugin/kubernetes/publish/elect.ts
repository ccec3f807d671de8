/** What speaks against a gateway, from nothing to most: none of it is a reason to have no gateway. */
export const GRADES = ["well", "cordoned", "doubtful", "gone"] as const;

/** One word of {@link GRADES}. */
export type Grade = (typeof GRADES)[number];

/** A node that may be the gateway in use. */
export interface Candidate {
  readonly name: string;
  readonly grade: Grade;
  /** What speaks against it; empty where it is well. */
  readonly why: string;
  /** Since when it has this grade; milliseconds. */
  readonly since: number;
  /** Whether it was heard just now, which the silence of others is to be held against. */
  readonly isFresh: boolean;
}

/** What was decided before. */
export interface Incumbent {
  /** The gateway in use, as the slices have it; undefined where there is none. */
  readonly active: string | undefined;
  /** When it last changed; -Infinity where nobody remembers. Milliseconds. */
  readonly movedAt: number;
}

/** The gateway in use from now on. */
export interface Election {
  readonly active: Candidate;
  /** Which was before, and what speaks against it; undefined where it is the same. */
  readonly cause?: string;
}

/** Whoever has become better or worse within this time is taken only if nothing moved within it: two that fail by turns are no reason to move all the time. */
export const HOLD_MS = 30_000;

/**
 * Decides which gateway is in use. It stays while none is better than it, also where all are bad, and also where a better one of
 * before is back; the first by name of the best takes over.
 *
 * @returns undefined where there is no candidate
 */
export function electGateway(
  candidates: readonly Candidate[],
  { active: name, movedAt }: Incumbent,
  now: number,
): Election | undefined {
  const standing = candidates.find((one) => one.name === name);
  const ranked = candidates.toSorted(byMerit);
  if (standing === undefined) {
    const [active] = ranked;
    return active && { active, cause: causeWithout(name) };
  }
  const isHeld = now - movedAt < HOLD_MS;
  const active = ranked.find(
    (one) =>
      badness(one) < badness(standing) &&
      one.isFresh &&
      !(isHeld && now - one.since < HOLD_MS),
  );
  return active === undefined
    ? { active: standing }
    : { active, cause: `${standing.name} was, and ${standing.why}` };
}

function causeWithout(before: string | undefined): string {
  return before === undefined
    ? "none was"
    : `${before} was, and is no gateway any more`;
}

function byMerit(one: Candidate, other: Candidate): number {
  return (
    badness(one) - badness(other) ||
    (one.name < other.name ? -1 : Number(one.name > other.name))
  );
}

function badness({ grade }: Candidate): number {
  return GRADES.indexOf(grade);
}
