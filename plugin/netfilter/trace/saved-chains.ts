import type { Family } from "../base/family.ts";
import { traitsOf } from "../base/family.ts";
import { OWN_COMMENT } from "../../owned.ts";
import { commentOf, type SavedTable } from "../base/save.ts";
import { type BaseChain, WAYS_AT } from "./base-chain.ts";
import { readSavedRule } from "./saved-rule.ts";
import type { TracedRule } from "./trace.ts";

/** Which chain of legacy iptables, and when the kernel calls it. */
export interface SavedChainName {
  readonly family: Family;
  readonly table: "filter" | "nat" | "mangle" | "raw" | "security";
  readonly chain: keyof typeof WAYS_AT;
  readonly priority: number;
}

/** A chain that the kernel calls, of a table as `iptables-legacy-save` prints it. */
export function savedBaseChain(
  table: SavedTable,
  name: SavedChainName,
): BaseChain {
  const { family, chain, priority } = name;
  const chains = new Map(table.chains.map((each) => [each.name, each.policy]));
  const rules = new Map<string, TracedRule[]>();
  for (const rule of table.rules) {
    const list = rules.get(rule.chain) ?? [];
    rules.set(rule.chain, list);
    if (commentOf(rule) === OWN_COMMENT) continue;
    const words = `rule ${String(list.length + 1)} "${rule.text}"`;
    list.push(readSavedRule(rule, words, (target) => chains.has(target)));
  }
  const rulesOf = (wanted: string) => rules.get(wanted) ?? [];
  return {
    name: `${traitsOf(family).word} ${name.table} ${chain} (legacy iptables)`,
    families: [family],
    priority,
    isShared:
      name.table === "nat" || (name.table === "filter" && chain === "FORWARD"),
    ways: WAYS_AT[chain],
    stage: chain,
    chain: {
      policy: chains.get(chain) === "DROP" ? "drop" : "accept",
      rules: rulesOf(chain),
      chain: rulesOf,
    },
  };
}
