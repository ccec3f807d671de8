import { at, compare, type Kind, pairsAt } from "../../diff/diff.ts";

/** A kind of object whose differences are mended by steps. */
export interface Mended<Wanted, Found, Step> extends Kind<Wanted, Found> {
  readonly add: (wanted: Wanted) => Step;
  /** Makes what was found what is wanted. */
  readonly change: (wanted: Wanted, found: Found) => Step;
  readonly remove: (found: Found) => Step;
  /** What an admin is told of an object that stands in the way of ours. */
  readonly conflict?: (wanted: Wanted, found: Found) => string;
}

/** The way from what is to what should be, of one kind. */
export interface Steps<Step> {
  /** What is missing and what is to be changed: made for who goes through it, since a large mesh has hundreds of thousands. */
  readonly needed: Iterable<Step>;
  /** What nobody wants any more. */
  readonly stale: readonly Step[];
  readonly conflicts: readonly string[];
}

/**
 * Compares, and says what is to be done about each difference.
 *
 * @param desired is gone through again for its steps, and must then give what it gave before
 */
export function stepsBetween<Wanted, Found, Step>(
  desired: Iterable<Wanted>,
  observed: readonly Found[],
  kind: Mended<Wanted, Found, Step>,
): Steps<Step> {
  const found = compare(desired, observed, kind);
  return {
    needed: {
      *[Symbol.iterator]() {
        for (const wanted of at(desired, found.missing)) yield kind.add(wanted);
        for (const pair of pairsAt(desired, found.changed))
          yield kind.change(pair.wanted, pair.found);
      },
    },
    stale: found.stale.map((one) => kind.remove(one)),
    conflicts: [...pairsAt(desired, found.conflicts)].flatMap(
      (pair) => kind.conflict?.(pair.wanted, pair.found) ?? [],
    ),
  };
}
