import type { Family } from "../base/family.ts";

/** Which of the kernel's two packet filters: nf_tables, or the older ip_tables ("legacy"). */
export type Backend = "nft" | "legacy";

/** A chain of iptables' that others write to as well. */
export interface SharedChainName {
  readonly backend: Backend;
  readonly family: Family;
  readonly table: "nat" | "filter" | "mangle" | "raw";
  readonly chain: "PREROUTING" | "POSTROUTING" | "FORWARD";
}

/** Such a chain with its rules, in their order. */
export interface SharedChain extends SharedChainName {
  /** Whether the chain is there. */
  readonly exists: boolean;
  readonly policy: "accept" | "drop";
  readonly rules: readonly SharedRule[];
}

/** One rule in it, of ours or of others. */
export interface SharedRule {
  /** What a rule of ours does, comparable with what we want; undefined for others' rules. */
  readonly key?: string;
  /** Whether ours must not stand on the wrong side of it: it may rewrite packets, or say otherwise about their way. */
  readonly takes: boolean;
  /** How the backend names it for deletion. */
  readonly name: RuleName;
}

export type RuleName =
  | { readonly backend: "nft"; readonly handle: bigint }
  /** The rule as iptables-save prints it, behind `-A CHAIN`. */
  | { readonly backend: "legacy"; readonly text: string };

/** Where rules of ours stand: ahead of all that takes packets away, or behind it. */
export type ChainEnd = "head" | "end";

/** What is to be done to have our rules, each once, at their end of the chain. */
export interface SharedPlan<Wanted> {
  readonly stale: readonly SharedRule[];
  /** In this order. */
  readonly missing: readonly Wanted[];
  /** Keys of rules that are only moved: they are in both lists. */
  readonly moved: ReadonlySet<string>;
}

/**
 * Compares. A rule of ours that is right, and on its side of whatever takes packets away, stays untouched; doubles, stale ones
 * and those on the other side of such a rule go, and what is then missing is inserted at that end.
 */
export function planShared<Wanted extends { readonly key: string }>(
  rules: readonly SharedRule[],
  wanted: readonly Wanted[],
  end: ChainEnd,
): SharedPlan<Wanted> {
  const wantedKeys = new Set(wanted.map(({ key }) => key));
  const kept = keep(end === "head" ? rules : rules.toReversed(), wantedKeys);
  const ours = rules.filter(({ key }) => key !== undefined);
  const present = new Set(ours.map(({ key }) => key));
  const missing = wanted.filter(({ key }) => !kept.has(key));
  const stale = ours.filter((rule) => kept.get(rule.key ?? "") !== rule);
  return {
    stale,
    missing,
    moved: new Set(
      missing.map(({ key }) => key).filter((key) => present.has(key)),
    ),
  };
}

/** From the end that is ours. A legacy rule is deleted by what it says, first match first: of doubles none can stay. */
function keep(
  rules: readonly SharedRule[],
  wanted: ReadonlySet<string>,
): Map<string, SharedRule> {
  const kept = new Map<string, SharedRule>();
  const doubled = new Set<string>();
  let inPlace = true;
  for (const rule of rules) {
    if (rule.key === undefined) {
      inPlace &&= !rule.takes;
      continue;
    }
    if (!wanted.has(rule.key)) continue;
    if (kept.has(rule.key)) doubled.add(rule.key);
    else if (inPlace) kept.set(rule.key, rule);
    else doubled.add(rule.key);
  }
  for (const key of doubled)
    if (kept.get(key)?.name.backend === "legacy") kept.delete(key);
  return kept;
}
