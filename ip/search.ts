import { type Cidr, cidrContains, cidrOf, compareCidrs } from "./cidr.ts";

/** The network of an item of a list. */
export type NetworkOf<Item> = (item: Item) => Cidr;

/** The first index of a list, sorted by {@link compareCidrs}, whose network does not come before `cidr`; in O(log n). */
export function lowerBound<Item>(
  sorted: readonly Item[],
  cidr: Cidr,
  networkOf: NetworkOf<Item>,
): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && compareCidrs(networkOf(item), cidr) < 0)
      low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first of a sorted list that lies inside of `cidr`, or is `cidr`; in O(log n). Networks of the list may nest. */
export function firstInside<Item>(
  sorted: readonly Item[],
  cidr: Cidr,
  networkOf: NetworkOf<Item>,
): Item | undefined {
  // Whatever is inside starts at its start or later, and is no larger; what comes between is inside as well.
  const item = sorted[lowerBound(sorted, cidr, networkOf)];
  return item !== undefined && cidrContains(cidr, networkOf(item))
    ? item
    : undefined;
}

/**
 * Finds, of many networks, all that contain another one: the widest first, those that are alike in their own order. Each
 * search takes as many look-ups as there are prefix lengths among them.
 */
export function coveringIndex<Item>(
  items: readonly Item[],
  networkOf: NetworkOf<Item>,
): (inner: Cidr) => Item[] {
  const lengths = new Map<number, Map<string, Item[]>>();
  for (const item of items) {
    const { prefix, text } = networkOf(item);
    const byText = lengths.get(prefix) ?? new Map<string, Item[]>();
    lengths.set(prefix, byText);
    const alike = byText.get(text);
    if (alike === undefined) byText.set(text, [item]);
    else alike.push(item);
  }
  const shortestFirst = [...lengths].sort(([a], [b]) => a - b);
  return (inner) =>
    shortestFirst
      .filter(([prefix]) => prefix <= inner.prefix)
      .flatMap(
        ([prefix, byText]) =>
          byText.get(cidrOf(inner.bytes, prefix).text) ?? [],
      );
}
