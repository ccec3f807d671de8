import {
  NetlinkError,
  NFPROTO_INET,
  type NftablesClient,
} from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { rulesetMark, unlessVerified } from "../kernel/verified.ts";
import { commitOperations } from "../netfilter/apply.ts";
import type { NetfilterOperation } from "../netfilter/base/operation.ts";
import { withNftables } from "../kernel/nftables.ts";
import { planTable } from "../netfilter/table/plan.ts";
import { leavesInTable, namedInTable, observeFenceTable } from "./observe.ts";
import { fenceTable } from "./table.ts";
import { planLegacyFence } from "./legacy.ts";
import { type FenceWill, leavesToStand, toStand } from "./will.ts";

/** The steps to the rules of the fence. */
export interface RulesPlan {
  /** Of the ruleset that was looked at; undefined where that was not nf_tables'. */
  readonly generation?: number;
  readonly operations: readonly NetfilterOperation[];
}

const NOTHING: RulesPlan = { operations: [] };

/** Looks at the fence's rules, and compares. Changes nothing. On a kernel without nf_tables they are legacy iptables'. */
export function planRules(kernel: Kernel, will: FenceWill): RulesPlan {
  const plan = withNftables(kernel, (client) => planTableOf(client, will));
  if (plan === undefined) return { operations: planLegacyFence(kernel, will) };
  if (will.released.length === 0) return plan;
  // Rules from a time without nf_tables: what is released is released there too.
  const left = planLegacyFence(kernel, { ...will, wanted: [] });
  return { ...plan, operations: [...plan.operations, ...left] };
}

/** The same, without a look where an earlier one found them right and no rule of this namespace changed since. */
export function planRulesQuickly(kernel: Kernel, will: FenceWill): RulesPlan {
  const mark = markOf(kernel, will);
  return unlessVerified("fence-verified", mark, {
    nothing: NOTHING,
    look: () => planRules(kernel, will),
    isRight: ({ operations }) => operations.length === 0,
  });
}

function markOf(
  kernel: Kernel,
  { wanted, released, leaves = [] }: FenceWill,
): string | undefined {
  if (released === "all") return undefined;
  return rulesetMark(kernel, {
    family: NFPROTO_INET,
    mayLackTable: wanted.length === 0,
    words: [
      ...wanted.map(({ text }) => `+${text}`),
      ...released.map(({ text }) => `-${text}`),
      ...leaves.map(({ text }) => `=${text}`),
    ],
  });
}

function planTableOf(client: NftablesClient, will: FenceWill): RulesPlan {
  const generation = client.generation();
  const observed = observeFenceTable(client);
  const leaves = leavesToStand(will, leavesInTable(observed));
  const wanted = fenceTable(toStand(will, namedInTable(observed)), leaves);
  return { generation, operations: planTable(wanted, observed) };
}

/** How often a plan is made anew where others change rules all the time. */
const ATTEMPTS = 60;
/** From this attempt on nobody asks whether they did. */
const LENIENT_FROM = 10;

/**
 * Brings the rules of the fence to what is wanted.
 *
 * @returns what was done
 * @throws what the kernel objects to
 */
export function applyRules(
  kernel: Kernel,
  will: FenceWill,
): readonly NetfilterOperation[] {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { operations, generation } = planRules(kernel, will);
    if (operations.length === 0) return [];
    const expected = attempt < LENIENT_FROM ? generation : undefined;
    if (commitOperations(kernel, operations, expected) === "done")
      return operations;
  }
  throw new NetlinkError(
    { operation: "nf_tables", action: () => "raise the fence" },
    RESTLESS,
  );
}

/** EAGAIN: include/uapi/asm-generic/errno-base.h. */
const RESTLESS = 11;
