import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Cidr } from "../../ip/cidr.ts";
import { asList, asSection, unusable } from "./fields.ts";
import {
  type Range,
  rangesOverlap,
  type RangeSet,
  rangeText,
  readRange,
  wholeRange,
} from "./range.ts";

/** A range set as configured: itself, or a place for this node's pod CIDRs. */
export type RangeSource = RangeSet | "auto";

/** What range sets mean depends on the network's CNI version and, where one is `auto`, on the node. */
export interface RangeFacts {
  readonly version: string;
  /** This node's pod CIDRs; absent where nobody can tell. */
  readonly podCidrs?: () => readonly Cidr[];
}

/** Reads a list of range sets, each a list of ranges. Throws CniError 7 with the pointer. */
export function readRangeSets(value: unknown, pointer: string): RangeSet[] {
  return asList(value, pointer).map((set, index) => {
    const place = `${pointer}/${index}`;
    const entries = asList(set ?? [], place);
    if (entries.length === 0) throw unusable(place, "empty range set");
    return entries.map((entry, i) =>
      readRange(asSection(entry, `${place}/${i}`)),
    );
  });
}

/**
 * The range sets that addresses come from, one address each: `auto` becomes a set for each family of the node's pod
 * CIDRs.
 *
 * @throws CniError 7 for mixed families in a set, overlaps, or more sets of a family than the CNI version can answer
 */
export function resolveRanges(
  sources: readonly RangeSource[],
  facts: RangeFacts,
): readonly RangeSet[] {
  const sets = sources.flatMap((source) =>
    source === "auto" ? nodeSets(facts.podCidrs?.() ?? []) : [source],
  );
  sets.forEach(requireSound);
  requireAnswerable(sets, facts.version);
  requireApart(sets);
  return sets;
}

function nodeSets(cidrs: readonly Cidr[]): RangeSet[] {
  if (cidrs.length === 0) throw noRanges();
  const ranges = cidrs.map((cidr) => wholeRange(cidr, "this node's pod CIDR"));
  return ([4, 6] as const)
    .map((family) => ranges.filter(({ subnet }) => subnet.family === family))
    .filter((set) => set.length > 0);
}

function noRanges(): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot allocate: no IP ranges specified, and this node's pod CIDR is unknown",
    {
      details:
        'set /ipam/ranges, or give this node "podCIDRs" in its cluster file',
    },
  );
}

function requireSound(set: RangeSet, index: number): void {
  const families = new Set(set.map(({ subnet }) => subnet.family));
  if (families.size > 1) throw unsound(index, "mixed address families");
  const pair = overlapIn(set);
  if (pair)
    throw unsound(index, `${pair.map(rangeText).join(" and ")} overlap`);
}

function overlapIn(set: RangeSet): readonly Range[] | undefined {
  for (const [i, range] of set.entries()) {
    const other = set.slice(i + 1).find((next) => rangesOverlap(range, next));
    if (other) return [range, other];
  }
  return undefined;
}

/** Results of CNI 0.1.0 and 0.2.0 hold one address of a family. */
function requireAnswerable(sets: readonly RangeSet[], version: string): void {
  if (!["0.1.0", "0.2.0"].includes(version)) return;
  const families = sets.map(([first]) => first?.subnet.family);
  if (new Set(families).size === families.length) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use the IPAM configuration: CNI version ${version} does not support more than 1 address per family`,
    { details: 'put the ranges into one set, or set "cniVersion" to "1.0.0"' },
  );
}

function requireApart(sets: readonly RangeSet[]): void {
  for (const [i, set] of sets.entries()) {
    const j = sets.findIndex((other, at) => at > i && setsOverlap(set, other));
    if (j >= 0) throw unsound(i, `it overlaps with range set ${j}`);
  }
}

function setsOverlap(a: RangeSet, b: RangeSet): boolean {
  return a.some((range) => b.some((other) => rangesOverlap(range, other)));
}

function unsound(index: number, fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use range set ${index}: ${fact}`,
    {
      details:
        'correct "ranges" in the "ipam" section of the network\'s file, which is in /etc/cni/net.d: ranges of one set are of one family, and none overlaps another',
    },
  );
}
