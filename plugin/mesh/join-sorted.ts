/**
 * Sorted lists as one sorted list, as if all their items were sorted anew. Where each list ends before the next one begins, as
 * those of clusters mostly do, only their ends are compared.
 */
export function joinSorted<Item>(
  lists: readonly (readonly Item[])[],
  compare: (a: Item, b: Item) => number,
): Item[] {
  const ends = lists.flatMap((list) => {
    const [first, last] = [list[0], list.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [{ list, first, last }];
  });
  ends.sort((a, b) => compare(a.first, b.first));
  const areApart = ends.every(({ first }, index) => {
    const before = ends[index - 1];
    return before === undefined || compare(before.last, first) < 0;
  });
  return areApart
    ? ends.flatMap(({ list }) => list)
    : lists.flat().sort(compare);
}
