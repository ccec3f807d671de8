import {
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_NAT_DST,
  NF_IP_PRI_NAT_SRC,
} from "../../native/index.ts";
import { clampChain } from "./rules/clamp.ts";
import { USUAL_INNER_MTU } from "../mesh/mtu.ts";
import type { Family } from "./base/family.ts";
import type { NetworkPair } from "../mesh/state.ts";
import { setPool } from "./table/set-pool.ts";
import type { OwnedChain, OwnedRule, OwnedTable } from "./table/table.ts";
import { globalRules } from "./rules/global.ts";
import { identityRules } from "./rules/identity.ts";
import type { DesiredSnat, ObservedFamily } from "./state.ts";

/** Ahead of every masquerade at its usual priority, and of Calico's (srcnat + 10). */
export const IDENTITY_PRIORITY = NF_IP_PRI_NAT_SRC - 10;
/** The chain of the source NAT in our table. */
export const SOURCE_CHAIN = "postrouting";
/** The chain of the destination NAT in our table. */
const DESTINATION_CHAIN = "prerouting";

/** What is wanted of the table besides the pairs. */
type TableWill = Omit<DesiredSnat, "exemptions"> &
  Pick<ObservedFamily, "spares">;

/** Our table of a family as it should be for these pairs. */
export function desiredTable(
  pairs: readonly NetworkPair[],
  family: Family,
  { mode, innerMtu = USUAL_INNER_MTU, spares }: TableWill,
): OwnedTable {
  const pool = setPool();
  const context = { pool, spares };
  const keepsSource = mode === "identity" || mode === "auto";
  const identity = keepsSource ? identityRules(pairs, family, context) : [];
  const { outgoing, incoming } = globalRules(pairs, family, context);
  const chains = [
    // What has a global address gets it, before the rule that would keep its own.
    ...natChain(SOURCE_CHAIN, [...outgoing, ...identity]),
    ...natChain(DESTINATION_CHAIN, incoming),
    ...clampChain(pairs, family, { pool, innerMtu }),
  ];
  return { family, sets: pool.sets(), chains };
}

function natChain(
  name: typeof SOURCE_CHAIN | typeof DESTINATION_CHAIN,
  rules: readonly OwnedRule[],
): OwnedChain[] {
  if (rules.length === 0) return [];
  const place =
    name === SOURCE_CHAIN
      ? { hook: NF_INET_POST_ROUTING, priority: IDENTITY_PRIORITY }
      : { hook: NF_INET_PRE_ROUTING, priority: NF_IP_PRI_NAT_DST - 10 };
  return [{ name, hook: { type: "nat", policy: "accept", ...place }, rules }];
}
