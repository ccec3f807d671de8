import type { Cidr } from "../../ip/cidr.ts";

/**
 * What is wanted of the fence. What stands and is neither wanted nor released stays: a fence is taken down by an explicit
 * word, never because something does not speak of it.
 */
export interface FenceWill {
  readonly wanted: readonly Cidr[];
  /** What may go, where nothing else wants it; `all` at teardown. */
  readonly released: readonly Cidr[] | "all";
  /** On a gateway: its leaves' pods, to whom what comes from these CIDRs goes on by ESP alone. */
  readonly leaves?: readonly Cidr[];
  /** Whether a leaf that stands and is not among them goes; else it stays. */
  readonly releasesLeaves?: boolean;
}

/** What a will adds: as long as the rest is not right yet, nothing goes. */
export function raising({ wanted, leaves }: FenceWill): FenceWill {
  return { wanted, released: [], ...(leaves && { leaves }) };
}

/** Which leaves are to stand, where these stand already. */
export function leavesToStand(
  { leaves = [], releasesLeaves = false }: FenceWill,
  standing: readonly Cidr[],
): Cidr[] {
  return releasesLeaves ? [...leaves] : [...leaves, ...standing];
}

/** What is to stand, where so much stands already. */
export function toStand(
  { wanted, released }: FenceWill,
  standing: readonly Cidr[],
): Cidr[] {
  const going = released === "all" ? standing : released;
  const gone = new Set(going.map(({ text }) => text));
  return [...wanted, ...standing.filter(({ text }) => !gone.has(text))];
}
