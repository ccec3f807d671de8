import { type Cidr, cidrOf } from "../../ip/cidr.ts";
import { addressValue } from "../../ip/cidr.ts";
import {
  type Interval,
  intervalsOf,
  NFPROTO_INET,
  NFT_SET_INTERVAL,
  type NftablesClient,
  type ObservedSet,
} from "../../native/index.ts";
import { FAMILIES, type Family, traitsOf } from "../netfilter/base/family.ts";
import { observeChains } from "../netfilter/nft/dump.ts";
import { OWN_TABLE } from "../owned.ts";
import type {
  ObservedOwnedSet,
  ObservedOwnedTable,
} from "../netfilter/table/table.ts";
import { leafSetName, setName } from "./table.ts";

/** Names the table of the fence. */
const FENCE_TABLE = { family: NFPROTO_INET, table: OWN_TABLE };

/** The fence's table, with all that is in it. */
export function observeFenceTable(client: NftablesClient): ObservedOwnedTable {
  const isOwn = ({ table }: { table: string }) => table === OWN_TABLE;
  const table = client.tables(NFPROTO_INET).find(isOwn);
  if (table === undefined)
    return {
      family: "inet",
      exists: false,
      altered: false,
      sets: [],
      chains: [],
    };
  return {
    family: "inet",
    exists: true,
    altered: table.flags !== 0,
    sets: client.sets(FENCE_TABLE).map((set) => observeSet(client, set)),
    chains: observeChains(
      client,
      FENCE_TABLE,
      client.chains(NFPROTO_INET).filter(isOwn),
    ),
  };
}

/** The CIDRs that the table names now, whatever its rules do. */
export function namedInTable(table: ObservedOwnedTable): Cidr[] {
  return inSets(table, setName);
}

/** The leaves' CIDRs that the table names now. */
export function leavesInTable(table: ObservedOwnedTable): Cidr[] {
  return inSets(table, leafSetName);
}

function inSets(
  { sets }: ObservedOwnedTable,
  nameOf: (family: Family) => string,
): Cidr[] {
  const names = FAMILIES.map(nameOf);
  return sets
    .filter(({ usable, name }) => usable && names.includes(name))
    .flatMap(({ intervals }) => intervals.flatMap(cidrOfInterval));
}

function observeSet(
  client: NftablesClient,
  set: ObservedSet,
): ObservedOwnedSet {
  const family = FAMILIES.find((each) =>
    [setName(each), leafSetName(each)].includes(set.set),
  );
  const field = family && traitsOf(family).field;
  const usable =
    set.flags === NFT_SET_INTERVAL &&
    set.keyType === field?.type &&
    set.keyLength === field.length;
  return {
    name: set.set,
    usable,
    intervals: usable ? intervalsOf(client.elements(set)) : [],
  };
}

/** Nothing for an interval that is no CIDR: that is not ours. */
function cidrOfInterval({ first, behind }: Interval): Cidr[] {
  const bits = first.length * 8;
  const start = addressValue(first);
  const end = behind === undefined ? 1n << BigInt(bits) : addressValue(behind);
  const size = end - start;
  const zeros = size <= 0n ? -1 : size.toString(2).length - 1;
  if (zeros < 0 || size !== 1n << BigInt(zeros) || start % size !== 0n)
    return [];
  return [cidrOf(first, bits - zeros)];
}
