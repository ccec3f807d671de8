/** Which items of several lists have which key. It is good until the same function is asked again. */
export interface KeyIndex<Key, Item> {
  readonly get: (key: Key) => readonly Item[];
  /** Keys that more than one item has, in one list or in several, with those items. */
  readonly shared: ReadonlyMap<Key, readonly Item[]>;
}

/**
 * Indexes the items of lists, no list twice. Who asks again has only those lists gone through that came or went, by identity:
 * of twenty clusters one.
 *
 * @param keyOf the same for an item each time
 */
export function keyIndex<Item, Key>(
  keyOf: (item: Item) => Key,
): (lists: readonly (readonly Item[])[]) => KeyIndex<Key, Item> {
  const alone = new Map<Key, Item>();
  const shared = new Map<Key, readonly Item[]>();
  const get = (key: Key): readonly Item[] => {
    const item = alone.get(key);
    return item === undefined ? (shared.get(key) ?? []) : [item];
  };
  const set = (key: Key, items: readonly Item[]): void => {
    alone.delete(key);
    shared.delete(key);
    const [first] = items;
    if (items.length > 1) shared.set(key, items);
    else if (first !== undefined) alone.set(key, first);
  };
  const add = (item: Item): void => {
    const key = keyOf(item);
    if (!alone.has(key) && !shared.has(key)) alone.set(key, item);
    else set(key, [...get(key), item]);
  };
  const remove = (item: Item): void => {
    const key = keyOf(item);
    const items = get(key);
    set(key, items.toSpliced(items.indexOf(item), 1));
  };
  let known: ReadonlySet<readonly Item[]> = new Set();
  return (lists) => {
    const before = known;
    known = new Set(lists);
    const gone = [...before].filter((list) => !known.has(list));
    const come = [...known].filter((list) => !before.has(list));
    // A list mostly comes in another's place, with most items in theirs.
    for (const [which, list] of gone.entries())
      others(list, come[which]).forEach(remove);
    for (const [which, list] of come.entries())
      others(list, gone[which]).forEach(add);
    return { get, shared };
  };
}

/** The items that the other list has not, at that place. */
function others<Item>(
  list: readonly Item[],
  other: readonly Item[] = [],
): readonly Item[] {
  return list.filter(
    (item, place) => place >= other.length || item !== other[place],
  );
}
