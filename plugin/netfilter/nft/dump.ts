import {
  type Expression,
  expressionsKey,
  expressionsOf,
  intervalsOf,
  NFT_SET_INTERVAL,
  type NftablesClient,
  type ObservedChain,
  type ObservedSet,
  type ObservedTable,
  type TableName,
} from "../../../native/index.ts";
import { type Family, traitsOf } from "../base/family.ts";
import { OWN_TABLE } from "../../owned.ts";
import type { SharedChain, SharedChainName } from "../shared/chain.ts";
import { nftRuleReader } from "../shared/nft-rule.ts";
import type {
  ObservedOwnedChain,
  ObservedOwnedSet,
  ObservedOwnedTable,
} from "../table/table.ts";

/** The tables and chains of a ruleset, of all families. */
export interface Outline {
  readonly tables: readonly ObservedTable[];
  readonly chains: readonly ObservedChain[];
}

/** Our table of a family, with all that is in it. */
export function observeOwnTable(
  client: NftablesClient,
  { tables, chains }: Outline,
  family: Family,
): ObservedOwnedTable {
  const name = { family: traitsOf(family).number, table: OWN_TABLE };
  const isOwn = (item: { family: number; table: string }) =>
    item.family === name.family && item.table === name.table;
  const table = tables.find(isOwn);
  if (table === undefined)
    return { family, exists: false, altered: false, sets: [], chains: [] };
  return {
    family,
    exists: true,
    altered: table.flags !== 0,
    sets: client.sets(name).map((set) => observeSet(client, set, family)),
    chains: observeChains(client, name, chains.filter(isOwn)),
  };
}

/** Chains of one of our tables, with their rules. */
export function observeChains(
  client: NftablesClient,
  table: TableName,
  chains: readonly ObservedChain[],
): ObservedOwnedChain[] {
  const rules = client.rules(table);
  return chains.map(({ chain, base }) => ({
    name: chain,
    ...(base === undefined ? {} : { base }),
    rules: rules
      .filter((rule) => rule.chain === chain)
      .map((rule) => ({
        handle: rule.handle,
        key: expressionsKey(expressionsOf(rule)),
      })),
  }));
}

/** A chain of iptables-nft's with its rules. `takes` says of others' rules whether they take packets away. */
export function observeNftChain(
  client: NftablesClient,
  { chains }: Outline,
  name: SharedChainName,
  takes: (expressions: readonly Expression[]) => boolean,
): SharedChain {
  const wanted = {
    family: traitsOf(name.family).number,
    table: name.table,
    chain: name.chain,
  };
  const base = chains.find(
    ({ family, table, chain }) =>
      family === wanted.family &&
      table === wanted.table &&
      chain === wanted.chain,
  )?.base;
  if (base === undefined)
    return { ...name, exists: false, policy: "accept", rules: [] };
  return {
    ...name,
    exists: true,
    policy: base.policy,
    rules: client.rules(wanted).map(nftRuleReader(name.family, takes)),
  };
}

function observeSet(
  client: NftablesClient,
  set: ObservedSet,
  family: Family,
): ObservedOwnedSet {
  const { field } = traitsOf(family);
  const usable =
    set.flags === NFT_SET_INTERVAL &&
    set.keyType === field.type &&
    set.keyLength === field.length;
  return {
    name: set.set,
    usable,
    intervals: usable ? intervalsOf(client.elements(set)) : [],
  };
}
