import type { Cidr } from "../../ip/cidr.ts";
import { distinctCidrs } from "../../ip/distinct.ts";
import { type Memory, NO_MEMORY, type Remembered } from "./decide.ts";

/** Without a word on which cluster it was of. */
export function unsure({ clusters }: Memory): Memory {
  const entries = [...clusters].map(
    ([name, { cidrs }]) => [name, { cidrs, sure: false }] as const,
  );
  return { clusters: new Map(entries) };
}

/** Of two nodes that may have been this one: all that was fenced, and no word on which cluster it was of if they differ. */
export function merge(one: Memory, other: Memory): Memory {
  if (one === NO_MEMORY) return other;
  const { own, ...both } = joinMemories(one, other);
  return own === undefined || one.own !== other.own ? both : { ...both, own };
}

/** The CIDRs of a later memory that an earlier one had not. */
export function addedSince(seen: Memory, now: Memory): Memory {
  const clusters = new Map<string, Remembered>();
  for (const [name, { cidrs, sure }] of now.clusters) {
    const known = new Set(seen.clusters.get(name)?.cidrs.map(textOf));
    const more = cidrs.filter((cidr) => !known.has(textOf(cidr)));
    if (more.length > 0) clusters.set(name, { cidrs: more, sure });
  }
  return { clusters };
}

/**
 * The CIDRs of an earlier memory that a later one of the same node has not, whosever they were: somebody has said so who had the
 * node's lock. None where the later one knows of no node: that was lost, and is nobody's word.
 */
export function forgottenSince(seen: Memory, now: Memory): Cidr[] {
  if (now.own === undefined) return [];
  const all = ({ clusters }: Memory): Cidr[] =>
    [...clusters.values()].flatMap(({ cidrs }) => cidrs);
  const still = new Set(all(now).map(textOf));
  return distinctCidrs(all(seen)).filter((cidr) => !still.has(textOf(cidr)));
}

/** A memory without these. */
export function withoutCidrs(
  memory: Memory,
  forgotten: readonly Cidr[],
): Memory {
  const gone = new Set(forgotten.map(textOf));
  const clusters = [...memory.clusters].map(([name, { cidrs, sure }]) => {
    const left = cidrs.filter((cidr) => !gone.has(textOf(cidr)));
    return [name, { cidrs: left, sure }] as const;
  });
  const known = clusters.filter(([, { cidrs }]) => cidrs.length > 0);
  return { ...memory, clusters: new Map(known) };
}

function textOf({ text }: Cidr): string {
  return text;
}

/** All that either fenced; for the rest, what the later one says. */
export function joinMemories(one: Memory, later: Memory): Memory {
  const leaves = distinctCidrs([
    ...(one.leaves ?? []),
    ...(later.leaves ?? []),
  ]);
  const clusters = new Map<string, Remembered>(one.clusters);
  for (const [name, { cidrs, sure }] of later.clusters) {
    const known = clusters.get(name);
    clusters.set(name, {
      cidrs: distinctCidrs([...(known?.cidrs ?? []), ...cidrs]),
      sure,
    });
  }
  return {
    ...one,
    ...later,
    clusters,
    ...(leaves.length > 0 && { leaves }),
  };
}
