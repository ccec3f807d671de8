import {
  type Hook,
  NF_INET_FORWARD,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_FILTER,
  NF_IP_PRI_MANGLE,
  NF_IP_PRI_NAT_DST,
  NF_IP_PRI_NAT_SRC,
} from "../../native/index.ts";
import { acceptRules } from "./rules/accept.ts";
import { legacyClampRules } from "./rules/clamp.ts";
import { USUAL_INNER_MTU } from "../mesh/mtu.ts";
import type { NetworkPair } from "../mesh/state.ts";
import type { PacketMark } from "./base/mark.ts";
import type { SharedChain } from "./shared/chain.ts";
import { type PairRule, wantedRule } from "./shared/pair-rule.ts";
import {
  type ChainStyle,
  planSharedChain,
  type SharedChainPlan,
} from "./shared/plan.ts";
import { legacyGlobalRules } from "./rules/global.ts";
import { returnRules } from "./rules/return.ts";
import type { DesiredSnat, ObservedFamily, ObservedLegacy } from "./state.ts";

/** A family, and whether our own table does there what it can. */
export type PlannedFamily = ObservedFamily & { readonly inTable: boolean };

/** Plans the rules of ours in iptables' chains, in both backends. */
export function planChains(
  desired: DesiredSnat,
  pairs: readonly NetworkPair[],
  observed: PlannedFamily,
): SharedChainPlan {
  const { spares } = observed;
  const returnsIn = returnRules(desired, pairs, observed);
  const plans = (["nft", "legacy"] as const).flatMap((backend) => {
    const found = observed[backend];
    if (found === undefined) return [];
    const { postrouting, forward } = found;
    const returns = returnsIn(backend);
    const accepts = acceptRules(pairs, observed.family, forward);
    return backend === "legacy" &&
      !observed.inTable &&
      observed.legacy !== undefined
      ? planLegacy(desired, pairs, {
          ...observed.legacy,
          returns,
          accepts,
          spares,
        })
      : [
          planChain(postrouting, returns, POSTROUTING),
          planChain(forward, accepts, FORWARD),
          ...(backend === "legacy" ? cleanLegacy(observed.legacy) : []),
        ];
  });
  return {
    operations: plans.flatMap(({ operations }) => operations),
    inserted: plans.flatMap(({ inserted }) => inserted),
  };
}

function planChain(
  chain: SharedChain,
  rules: readonly PairRule[],
  style: ChainStyle,
): SharedChainPlan {
  const wanted = rules.map((rule) => wantedRule(chain.backend, rule));
  return planSharedChain(chain, wanted, style);
}

type LegacyRules = ObservedLegacy & {
  readonly spares: readonly PacketMark[];
  readonly returns: readonly PairRule[];
  readonly accepts: readonly PairRule[];
};

/** Legacy iptables alone: it also clamps and maps, which else our own table does. */
function planLegacy(
  { innerMtu = USUAL_INNER_MTU }: DesiredSnat,
  pairs: readonly NetworkPair[],
  rules: LegacyRules,
): SharedChainPlan[] {
  const { postrouting, prerouting, forward, mangle, returns, accepts } = rules;
  const { outgoing, incoming } = legacyGlobalRules(pairs, rules.spares);
  const mapped = new Set(outgoing.map(({ pair }) => pathOf(pair)));
  const returning = returns
    .filter((rule) => !mapped.has(pathOf(rule)))
    .map((rule) => wantedRule("legacy", rule));
  return [
    planSharedChain(postrouting, [...outgoing, ...returning], POSTROUTING),
    planSharedChain(prerouting, incoming, PREROUTING),
    planSharedChain(mangle, legacyClampRules(pairs, innerMtu), MANGLE),
    planChain(forward, accepts, FORWARD),
  ];
}

function cleanLegacy(legacy: ObservedLegacy | undefined): SharedChainPlan[] {
  if (legacy === undefined) return [];
  return [
    planSharedChain(legacy.prerouting, [], PREROUTING),
    planSharedChain(legacy.mangle, [], MANGLE),
  ];
}

function pathOf({
  source,
  destination,
}: Pick<PairRule, "source" | "destination">) {
  return `${source.text} ${destination.text}`;
}

const POSTROUTING = style("nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
const PREROUTING = style("nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST);
const MANGLE = style("filter", NF_INET_FORWARD, NF_IP_PRI_MANGLE);
/** Behind whatever admins and network policies say. */
const FORWARD: ChainStyle = {
  ...style("filter", NF_INET_FORWARD, NF_IP_PRI_FILTER),
  place: "end",
};

function style(type: Hook["type"], hook: number, priority: number): ChainStyle {
  return { hook: { type, hook, priority, policy: "accept" }, place: "head" };
}
