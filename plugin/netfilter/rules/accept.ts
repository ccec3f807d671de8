import { bothWays, type Treatment } from "../shared/both-ways.ts";
import type { Family } from "../base/family.ts";
import type { SharedChain } from "../shared/chain.ts";
import type { PairRule } from "../shared/pair-rule.ts";
import type { NetworkPair } from "../../mesh/state.ts";

/**
 * Accepts between own and remote pods, both ways, for a FORWARD chain whose policy drops them, as Docker leaves it. None where
 * the policy accepts, since each costs every forwarded packet a little; and none against a rule, which somebody wrote.
 */
export function acceptRules(
  pairs: readonly NetworkPair[],
  family: Family,
  { policy }: Pick<SharedChain, "policy">,
): PairRule[] {
  return policy === "drop" ? bothWays(pairs, family, ACCEPT) : [];
}

const ACCEPT: Treatment = { verdict: "ACCEPT", spares: [] };
