import type { Cidr } from "../../ip/cidr.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES, type Family } from "../netfilter/base/family.ts";
import { outermostOf } from "../netfilter/base/network-pairs.ts";
import type { NetfilterOperation } from "../netfilter/base/operation.ts";
import {
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
import { planLeavesChain } from "./legacy-leaves.ts";
import { cidrsNamed, fenceRule } from "./legacy-rule.ts";
import { type FenceWill, toStand } from "./will.ts";

/**
 * The same fence in legacy iptables, for a kernel without nf_tables. Its nat table drops nothing, so the way out is
 * closed ahead of source NAT: what is for these CIDRs then and has no policy goes nowhere, whatever it is called later.
 */
const OUT = { table: "mangle", chain: "POSTROUTING" } as const;
const IN = { table: "raw", chain: "PREROUTING" } as const;

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
  const read = (name: typeof OUT | typeof IN) =>
    readChain(name, family, tables.get(name.table));
  const [out, into] = [read(OUT), read(IN)];
  const remotes = remotesOf(out, will);
  const leaves = planLeavesChain(family, tables.get(OUT.table), {
    will,
    remotes,
  });
  const drops = remotes.map((cidr) => fenceRule("out", cidr));
  const taken = remotesOf(into, will).map((cidr) => fenceRule("in", cidr));
  return [
    ...leaves.ahead,
    ...planAtHead(out, [...drops, ...leaves.jumps]),
    ...planAtHead(into, taken),
    ...leaves.behind,
  ];
}

function planAtHead(
  chain: SharedChain,
  rules: readonly WantedRule[],
): readonly NetfilterOperation[] {
  return planSharedChain(chain, rules, { place: "head" }).operations;
}

/** What a chain is to guard, where its rules name so much already. */
function remotesOf({ family, rules }: SharedChain, will: FenceWill): Cidr[] {
  const keys = rules.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const cidrs = toStand(will, cidrsNamed(keys, family));
  return outermostOf(cidrs.filter((cidr) => cidr.family === family));
}

function readChain(
  name: typeof OUT | typeof IN,
  family: Family,
  saved: SavedTable | undefined,
): SharedChain {
  const rules = saved?.rules.filter(({ chain }) => chain === name.chain) ?? [];
  return {
    backend: "legacy",
    family,
    ...name,
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
