import type { Kernel } from "../../kernel/kernel.ts";
import type { Family } from "../base/family.ts";
import { findLegacy, legacyTables, type LegacyProgram } from "./program.ts";
import {
  parseSave,
  type SavedRule,
  type SavedTable,
  targetOf,
} from "../base/save.ts";
import { legacySharedRule } from "./shared-rule.ts";
import type { SharedChain, SharedChainName } from "../shared/chain.ts";
import { targetMayObject } from "../shared/dropping.ts";
import { isBuiltIn, rewritesSource } from "../shared/rewriting.ts";
import { backendOf } from "../backend.ts";
import { mayStayAhead } from "../base/foreign.ts";
import { NF_IP_PRI_NAT_SRC } from "../../../native/index.ts";
import type { BaseChain } from "../trace/base-chain.ts";
import { savedBaseChain } from "../trace/saved-chains.ts";
import type { ObservedFamily, ObservedLegacy } from "../state.ts";

/** Reads legacy iptables' chains that rules of ours are in, where its tables are in use. */
export function observeLegacy(kernel: Kernel, family: Family): LegacyFamily {
  const inUse = legacyTables(kernel, family);
  const program = findLegacy(kernel);
  if (program === undefined)
    return { legacyUnreadable: inUse.has("nat"), sourceNat: [] };
  const tables = inUse.size === 0 ? NONE : readTables(program, family);
  return {
    legacy: backendFrom(tables, family),
    legacyUnreadable: false,
    sourceNat: sourceNatOf(tables.get("nat"), family),
  };
}

/** What legacy iptables says of a family. */
export type LegacyFamily = Pick<
  ObservedFamily,
  "legacy" | "legacyUnreadable"
> & {
  /** Its NAT behind routing. */
  readonly sourceNat: readonly BaseChain[];
};

function sourceNatOf(nat: SavedTable | undefined, family: Family): BaseChain[] {
  const name = { family, table: "nat", chain: "POSTROUTING" } as const;
  return nat === undefined
    ? []
    : [savedBaseChain(nat, { ...name, priority: NF_IP_PRI_NAT_SRC })];
}

const NONE: ReadonlyMap<string, SavedTable> = new Map();
const EMPTY: SavedTable = { chains: [], rules: [] };

function readTables(
  program: LegacyProgram,
  family: Family,
): ReadonlyMap<string, SavedTable> {
  return parseSave(program.save(family));
}

function backendFrom(
  tables: ReadonlyMap<string, SavedTable>,
  family: Family,
): ObservedLegacy {
  const nat = tables.get("nat") ?? EMPTY;
  const read = (
    name: Pick<SharedChainName, "table" | "chain">,
    takes: (rule: SavedRule) => boolean,
  ) =>
    readChain(
      tables.get(name.table),
      { backend: "legacy", family, ...name },
      takes,
    );
  const backend = backendOf({
    postrouting: read({ table: "nat", chain: "POSTROUTING" }, mayRewrite),
    forward: read({ table: "filter", chain: "FORWARD" }, (rule) =>
      targetMayObject(targetOf(rule)),
    ),
    chains: nat.chains.map(({ name }) => name),
  });
  const elsewhere = nat.rules.some(({ chain }) => chain !== "POSTROUTING");
  return {
    ...backend,
    facts: { ...backend.facts, rules: backend.facts.rules || elsewhere },
    prerouting: read({ table: "nat", chain: "PREROUTING" }, never),
    mangle: read({ table: "mangle", chain: "FORWARD" }, never),
  };
}

function readChain(
  table: SavedTable | undefined,
  name: SharedChainName,
  takes: (rule: SavedRule) => boolean,
): SharedChain {
  if (table === undefined)
    return { ...name, exists: false, policy: "accept", rules: [] };
  const found = table.chains.find((chain) => chain.name === name.chain);
  return {
    ...name,
    exists: true,
    policy: found?.policy === "DROP" ? "drop" : "accept",
    rules: table.rules
      .filter(({ chain }) => chain === name.chain)
      .map((rule) => legacySharedRule(rule, takes)),
  };
}

/** A jump into a chain of others may lead to a masquerade. */
function mayRewrite(rule: SavedRule): boolean {
  const target = targetOf(rule);
  if (target === undefined || isBuiltIn(target)) return false;
  return rewritesSource(target) || !mayStayAhead(target);
}

function never(): boolean {
  return false;
}
