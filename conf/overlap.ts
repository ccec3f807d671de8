import { type Cidr, cidrContains, compareCidrs } from "../ip/cidr.ts";
import { lowerBound } from "../ip/search.ts";

/** Anything that has a network. */
export interface HasCidr {
  readonly cidr: Cidr;
}

/**
 * Two networks of a list that share an address, or nothing; in O(n log n).
 *
 * Two CIDRs overlap only where one contains the other. In order of first address, the larger first, a network that
 * contains a later one also contains all those between: so neighbours tell.
 */
export function firstOverlap<T extends HasCidr>(
  list: readonly T[],
): readonly [T, T] | undefined {
  let previous: T | undefined;
  for (const item of sortByCidr(list)) {
    if (previous && cidrContains(previous.cidr, item.cidr)) {
      return [previous, item];
    }
    previous = item;
  }
  return undefined;
}

/** A copy in order of first address, a network before its parts. */
export function sortByCidr<T extends HasCidr>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => compareCidrs(a.cidr, b.cidr));
}

/**
 * Those of a sorted list that share an address with `cidr`; in O(log n), and the length of the answer.
 *
 * @param sorted from {@link sortByCidr}, and without overlaps among its own
 */
export function overlapping<T extends HasCidr>(
  sorted: readonly T[],
  cidr: Cidr,
): T[] {
  const found: T[] = [];
  // All but the last of those that start before `cidr` end before the next one starts, so before `cidr` does.
  const start = lowerBound(sorted, cidr, (item) => item.cidr);
  const before = sorted[start - 1];
  if (before && cidrContains(before.cidr, cidr)) found.push(before);
  for (let i = start; i < sorted.length; i++) {
    const item = sorted[i];
    if (!item || !cidrContains(cidr, item.cidr)) break;
    found.push(item);
  }
  return found;
}
