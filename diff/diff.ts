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
  const wanted = new Map<string, Wanted>();
  for (const object of desired) wanted.set(kind.identity(object), object);
  const { places, stale } = sort(wanted, observed, kind);
  const missing: Wanted[] = [];
  const changed: Pair<Wanted, Found>[] = [];
  const conflicts: Pair<Wanted, Found>[] = [];
  for (const [identity, object] of wanted) {
    const there = places.get(identity) ?? [];
    // Of several that do not serve, one of ours is changed first.
    const found = there.find(kind.owns) ?? there[0];
    if (found === undefined) missing.push(object);
    else if (!there.some((one) => kind.equals(object, one)))
      switch (remedyFor(found, kind)) {
        case "change":
          changed.push({ wanted: object, found });
          break;
        case "conflict":
          conflicts.push({ wanted: object, found });
          break;
        case "yield":
      }
  }
  return { missing, changed, stale, conflicts };
}

/** What was found, by the identities that are wanted; and what is ours under any other. */
function sort<Wanted, Found>(
  wanted: ReadonlyMap<string, Wanted>,
  observed: readonly Found[],
  kind: Kind<Wanted, Found>,
): { places: Map<string, Found[]>; stale: Found[] } {
  const places = new Map<string, Found[]>();
  const stale: Found[] = [];
  for (const object of observed) {
    const identity = kind.identity(object);
    if (wanted.has(identity)) {
      const others = places.get(identity);
      if (others === undefined) places.set(identity, [object]);
      else others.push(object);
    } else if (kind.owns(object) && kind.keeps?.(object) !== true)
      stale.push(object);
  }
  return { places, stale };
}

function remedyFor<Wanted, Found>(
  found: Found,
  { owns, foreign = "conflict" }: Kind<Wanted, Found>,
): "change" | "conflict" | "yield" {
  return owns(found) || foreign === "take" ? "change" : foreign;
}
