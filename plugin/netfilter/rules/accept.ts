import { bothWays } from "../shared/both-ways.ts";
import type { Family } from "../base/family.ts";
import type { SharedChain } from "../shared/chain.ts";
import type { PairRule } from "../shared/pair-rule.ts";
import type { NetworkPair } from "../base/network-pairs.ts";

/**
 * Accepts between own and remote pods, both ways, for a FORWARD chain that would drop them: by its policy, as Docker leaves
 * it, or by a rule. None where nothing drops, since each costs every forwarded packet a little.
 */
export function acceptRules(
  pairs: readonly NetworkPair[],
  family: Family,
  chain: Pick<SharedChain, "policy" | "rules">,
): PairRule[] {
  const drops =
    chain.policy === "drop" || chain.rules.some(({ takes }) => takes);
  return drops ? bothWays(pairs, family, "ACCEPT") : [];
}
