/** How objects of one kind are told apart, compared and owned. */
export interface Kind<Wanted, Found> {
  /** What makes two of them one object for the kernel, or for whoever else holds them. */
  readonly identity: (object: Wanted | Found) => string;
  /** Whether what was found is ours: to change, and to remove where nobody wants it. */
  readonly owns: (found: Found) => boolean;
  /** Whether what is ours is somebody else's to remove, of us: where nobody wants it here, it stays. */
  readonly keeps?: (found: Found) => boolean;
  /** Whether what was found does what is wanted. It may ask who owns it. */
  readonly equals: (wanted: Wanted, found: Found) => boolean;
  /**
   * What becomes of somebody else's object that stands where ours is wanted and differs: a `conflict` is for an
   * admin to solve (the default), `yield` leaves it there without a word, `take` changes it as if it were ours.
   */
  readonly foreign?: "conflict" | "yield" | "take";
}

/** What is wanted, and the object that stands in its place. */
interface Pair<Wanted, Found> {
  readonly wanted: Wanted;
  readonly found: Found;
}

/** What is to be done about objects of one kind; each list in the order of its source. */
export interface Difference<Wanted, Found> {
  readonly missing: readonly Wanted[];
  readonly changed: readonly Pair<Wanted, Found>[];
  readonly stale: readonly Found[];
  readonly conflicts: readonly Pair<Wanted, Found>[];
}

/** The same by place, without what is wanted: the first that is wanted has place 0. Places are in order. */
export interface PlacedDifference<Found> {
  readonly missing: ArrayLike<number>;
  readonly changed: readonly Placed<Found>[];
  readonly stale: readonly Found[];
  readonly conflicts: readonly Placed<Found>[];
}

/** What was found in the place of what is wanted there. */
export interface Placed<Found> {
  readonly place: number;
  readonly found: Found;
}

/**
 * Compares what should be with what is. Pure, and the one place where this is done.
 *
 * Several objects found may share an identity, as routes of several programs do: one that serves is enough, whoever
 * made it. What is wanted twice counts once, as its last.
 */
export function diff<Wanted, Found>(
  desired: Iterable<Wanted>,
  observed: readonly Found[],
  kind: Kind<Wanted, Found>,
): Difference<Wanted, Found> {
  const wanted = [...desired];
  const { missing, changed, stale, conflicts } = compare(
    wanted,
    observed,
    kind,
  );
  return {
    missing: [...at(wanted, missing)],
    changed: [...pairsAt(wanted, changed)],
    stale,
    conflicts: [...pairsAt(wanted, conflicts)],
  };
}

/** As {@link diff}, for who can make what is wanted again, and need not hold all of it: a large mesh has a hundred thousand policies. */
export function compare<Wanted, Found>(
  desired: Iterable<Wanted>,
  observed: readonly Found[],
  kind: Kind<Wanted, Found>,
): PlacedDifference<Found> {
  const there = byIdentity(observed, kind);
  const missing = new Map<string, number>();
  const unlike = {
    change: new Map<number, Found>(),
    conflict: new Map<number, Found>(),
    yield: new Map<number, Found>(),
  };
  let place = 0;
  for (const wanted of desired) {
    const identity = kind.identity(wanted);
    const group = there.get(identity);
    if (group === undefined) missing.set(identity, place);
    else {
      if (group.wantedAt >= 0) forget(unlike, group.wantedAt);
      group.wantedAt = place;
      const found = unlikeIn(group, wanted, kind);
      if (found !== undefined) unlike[remedyFor(found, kind)].set(place, found);
    }
    place += 1;
  }
  return {
    missing: Uint32Array.from(missing.values()).sort(),
    changed: placed(unlike.change),
    stale: staleAmong(observed, there, kind),
    conflicts: placed(unlike.conflict),
  };
}

/** What is wanted twice counts as its last. */
function forget(
  places: Readonly<Record<string, Map<number, unknown>>>,
  place: number,
): void {
  for (const some of Object.values(places)) some.delete(place);
}

/** Those of what is wanted that have these places. */
export function* at<Wanted>(
  desired: Iterable<Wanted>,
  places: ArrayLike<number>,
): Generator<Wanted> {
  if (places.length === 0) return;
  let place = 0;
  let next = 0;
  for (const wanted of desired) {
    if (place === places[next]) {
      yield wanted;
      next += 1;
    }
    place += 1;
  }
}

/** The same, with what was found there. */
export function* pairsAt<Wanted, Found>(
  desired: Iterable<Wanted>,
  places: readonly Placed<Found>[],
): Generator<Pair<Wanted, Found>> {
  const found = places.values();
  const wantedThere = at(
    desired,
    places.map(({ place }) => place),
  );
  for (const wanted of wantedThere) {
    const next = found.next();
    if (next.done !== true) yield { wanted, found: next.value.found };
  }
}

/** What was found under one identity. */
interface Group<Found> {
  readonly found: Found[];
  /** The place of who wants it; -1 for nobody. */
  wantedAt: number;
}

function byIdentity<Wanted, Found>(
  observed: readonly Found[],
  { identity }: Kind<Wanted, Found>,
): Map<string, Group<Found>> {
  const groups = new Map<string, Group<Found>>();
  for (const object of observed) {
    const name = identity(object);
    const group = groups.get(name);
    if (group === undefined)
      groups.set(name, { found: [object], wantedAt: -1 });
    else group.found.push(object);
  }
  return groups;
}

/** What is to be changed where nothing of it does what is wanted: of several one of ours first. */
function unlikeIn<Wanted, Found>(
  { found }: Group<Found>,
  wanted: Wanted,
  { equals, owns }: Kind<Wanted, Found>,
): Found | undefined {
  if (found.some((one) => equals(wanted, one))) return undefined;
  return found.find(owns) ?? found[0];
}

/** What is ours and nobody wants. */
function staleAmong<Wanted, Found>(
  observed: readonly Found[],
  there: ReadonlyMap<string, Group<Found>>,
  { owns, keeps }: Kind<Wanted, Found>,
): Found[] {
  const unwanted = new Set(
    [...there.values()].flatMap(({ found, wantedAt }) =>
      wantedAt < 0 ? found : [],
    ),
  );
  return observed.filter(
    (object) =>
      unwanted.has(object) && owns(object) && keeps?.(object) !== true,
  );
}

function placed<Found>(places: ReadonlyMap<number, Found>): Placed<Found>[] {
  return Array.from(places, ([place, found]) => ({ place, found }));
}

function remedyFor<Wanted, Found>(
  found: Found,
  { owns, foreign = "conflict" }: Kind<Wanted, Found>,
): "change" | "conflict" | "yield" {
  return owns(found) || foreign === "take" ? "change" : foreign;
}
