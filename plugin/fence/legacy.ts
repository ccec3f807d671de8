import { type Cidr, parseCidr } from "../../ip/cidr.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES, type Family } from "../netfilter/base/family.ts";
import { outermostOf } from "../netfilter/base/network-pairs.ts";
import type { NetfilterOperation } from "../netfilter/base/operation.ts";
import {
  legacyKey,
  parseSave,
  type SavedRule,
  type SavedTable,
  targetOf,
} from "../netfilter/base/save.ts";
import { findLegacy, legacyTables } from "../netfilter/legacy/program.ts";
import { legacySharedRule } from "../netfilter/legacy/shared-rule.ts";
import type { SharedChain } from "../netfilter/shared/chain.ts";
import type { WantedRule } from "../netfilter/shared/pair-rule.ts";
import { planSharedChain } from "../netfilter/shared/plan.ts";
import { isBuiltIn } from "../netfilter/shared/rewriting.ts";
import { mayStayAhead } from "../netfilter/base/foreign.ts";
import { OWN_COMMENT } from "../owned.ts";
import { type FenceWill, toStand } from "./will.ts";

/**
 * The same fence in legacy iptables, for a kernel without nf_tables. Its nat table drops nothing, so the way out is
 * closed ahead of source NAT: what is for these CIDRs then and has no policy goes nowhere, whatever it is called later.
 */
const WAYS = [
  { table: "mangle", chain: "POSTROUTING", end: "-d", direction: "out" },
  { table: "raw", chain: "PREROUTING", end: "-s", direction: "in" },
] as const;

type Way = (typeof WAYS)[number];

/** Looks at both families' tables, and compares; nothing where iptables' legacy programs are missing. */
export function planLegacyFence(
  kernel: Kernel,
  will: FenceWill,
): NetfilterOperation[] {
  const program = findLegacy(kernel);
  if (program === undefined) return [];
  return FAMILIES.flatMap((family) => {
    const inUse = legacyTables(kernel, family).size > 0;
    return planLegacyFamily(family, inUse ? program.save(family) : "", will);
  });
}

/** The steps for one family. `saved` is what iptables-legacy-save prints. */
export function planLegacyFamily(
  family: Family,
  saved: string,
  will: FenceWill,
): NetfilterOperation[] {
  const tables = parseSave(saved);
  return WAYS.flatMap((way) => {
    const chain = readChain(way, family, tables.get(way.table));
    const cidrs = toStand(will, namedIn(chain));
    const wanted = outermostOf(cidrs.filter((cidr) => cidr.family === family));
    const rules = wanted.map((cidr) => dropRule(way, cidr));
    return planSharedChain(chain, rules, { place: "head" }).operations;
  });
}

function readChain(
  { table, chain }: Way,
  family: Family,
  saved: SavedTable | undefined,
): SharedChain {
  const rules = saved?.rules.filter((rule) => rule.chain === chain) ?? [];
  return {
    backend: "legacy",
    family,
    table,
    chain,
    exists: saved !== undefined,
    policy: "accept",
    rules: rules.map((rule) => legacySharedRule(rule, mayPass)),
  };
}

/** Whether a rule of others may let pass what ours would drop. Calico's would be put back to the head at once. */
function mayPass(rule: SavedRule): boolean {
  const target = targetOf(rule);
  if (target === undefined) return false;
  if (isBuiltIn(target)) return target === "ACCEPT" || target === "RETURN";
  return !mayStayAhead(target);
}

/** The CIDRs that rules of ours name now. */
function namedIn({ family, rules }: SharedChain): Cidr[] {
  const all = family === 4 ? "0.0.0.0/0" : "::/0";
  return rules.flatMap(({ key }) =>
    key === undefined
      ? []
      : [parseCidr(/(?:^| )-[sd] (\S+)/.exec(key)?.[1] ?? all)],
  );
}

function dropRule({ end, direction }: Way, cidr: Cidr): WantedRule {
  const text = [
    ...(cidr.prefix === 0 ? [] : [`${end} ${cidr.text}`]),
    `-m policy --dir ${direction} --pol none`,
    `-m comment --comment ${OWN_COMMENT}`,
    "-j DROP",
  ].join(" ");
  return {
    pair: { source: cidr, destination: cidr, spares: [] },
    key: legacyKey(text),
    text: () => text,
    expressions: () => [],
  };
}
