import { diff, type Kind } from "../../diff/diff.ts";

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
  /** What is missing and what is to be changed. */
  readonly needed: readonly Step[];
  /** What nobody wants any more. */
  readonly stale: readonly Step[];
  readonly conflicts: readonly string[];
}

/** Compares, and says what is to be done about each difference. */
export function stepsBetween<Wanted, Found, Step>(
  desired: Iterable<Wanted>,
  observed: readonly Found[],
  kind: Mended<Wanted, Found, Step>,
): Steps<Step> {
  const { missing, changed, stale, conflicts } = diff(desired, observed, kind);
  return {
    needed: [
      ...missing.map((wanted) => kind.add(wanted)),
      ...changed.map(({ wanted, found }) => kind.change(wanted, found)),
    ],
    stale: stale.map((found) => kind.remove(found)),
    conflicts: conflicts.flatMap(
      ({ wanted, found }) => kind.conflict?.(wanted, found) ?? [],
    ),
  };
}
