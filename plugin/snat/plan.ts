import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Hook } from "../../native/nftables/chain.ts";
import {
  NF_INET_POST_ROUTING,
  NF_IP_PRI_NAT_SRC,
} from "../../native/nftables/constants.ts";
import { traitsOf } from "../netfilter/family.ts";
import { missingLegacy } from "../netfilter/legacy/program.ts";
import type { NetfilterOperation } from "../netfilter/operation.ts";
import { planSharedChain } from "../netfilter/shared/plan.ts";
import { planTable } from "../netfilter/table/plan.ts";
import type { Backend } from "../netfilter/shared/chain.ts";
import { chooseBackends } from "./backend.ts";
import type { NetworkPair } from "./exemption-groups.ts";
import { identityParts } from "./identity.ts";
import { returnRules } from "./returns.ts";
import type {
  DesiredSnat,
  ObservedFamily,
  ObservedSnat,
  SnatMode,
  SnatPlan,
} from "./state.ts";

/** As iptables-nft makes it. */
const POSTROUTING: Hook = {
  type: "nat",
  hook: NF_INET_POST_ROUTING,
  priority: NF_IP_PRI_NAT_SRC,
  policy: "accept",
};

/**
 * What is missing, and what is ours and no longer wanted. Throws CniError 102 where `identity` is asked for and the kernel
 * cannot do it, 50 where only legacy iptables could do it and its programs are missing.
 */
export function planSnat(
  desired: DesiredSnat,
  observed: ObservedSnat,
): SnatPlan {
  const plans = observed.families.map((family) => planFamily(desired, family));
  const { generation } = observed;
  return {
    desired,
    ...(generation === undefined ? {} : { generation }),
    operations: plans.flatMap(({ operations }) => operations),
    fresh: plans.flatMap(({ fresh }) => fresh),
  };
}

interface FamilyPlan {
  readonly operations: readonly NetfilterOperation[];
  readonly fresh: readonly NetworkPair[];
}

function planFamily(
  { exemptions, mode }: DesiredSnat,
  observed: ObservedFamily,
): FamilyPlan {
  const { family } = observed;
  const pairs = exemptions.filter(
    ({ local, remote }) => local.family === family && remote.family === family,
  );
  const identity = wantsIdentity(mode, pairs, observed) ? pairs : [];
  const table = planTable(
    { family, ...identityParts(identity, family) },
    observed.table,
  );
  const returns = planReturns(mode, pairs, observed);
  const operations = [...table, ...returns.operations];
  return {
    operations,
    fresh: operations.some(({ sign }) => sign !== "-")
      ? pairs.filter(freshAmong(table, returns.inserted))
      : [],
  };
}

function wantsIdentity(
  mode: SnatMode,
  pairs: readonly NetworkPair[],
  { family, canNat }: ObservedFamily,
): boolean {
  if (pairs.length === 0 || mode === "off" || mode === "return") return false;
  if (canNat()) return true;
  if (mode === "auto") return false;
  throw new CniError(
    ErrorCode.kernelUnsupported,
    `Cannot exempt pods from SNAT: "snat" is "identity", and this kernel has no NAT in nf_tables for ${traitsOf(family).word}`,
    {
      details:
        'load nf_tables, nft_chain_nat and nft_nat (modprobe), or set "snat" to "auto" or "return"',
    },
  );
}

function planReturns(
  mode: SnatMode,
  pairs: readonly NetworkPair[],
  observed: ObservedFamily,
) {
  const wanted =
    mode === "return" || mode === "auto"
      ? returnRules(pairs, observed.family)
      : [];
  const backends = wanted.length === 0 ? [] : backendsOf(observed);
  const plans = (["nft", "legacy"] as const).flatMap((backend) => {
    const chain = observed[backend]?.chain;
    if (chain === undefined) return [];
    const rules = backends.includes(backend) ? wanted : [];
    return [planSharedChain(chain, rules, POSTROUTING)];
  });
  return {
    operations: plans.flatMap(({ operations }) => operations),
    inserted: plans.flatMap(({ inserted }) => inserted),
  };
}

function backendsOf(observed: ObservedFamily): Backend[] {
  const { nft, legacy, legacyUnreadable, canNat } = observed;
  const inNft = nft?.facts.nodeChains === true || nft?.facts.rewrites === true;
  if (legacyUnreadable && !inNft && !canNat()) throw missingLegacy();
  return chooseBackends({
    nft: nft?.facts,
    legacy: legacy?.facts,
    canNat,
  });
}

/** Whether a rule for the pair is new, or our table is changed where it may speak of the pair. */
function freshAmong(
  table: readonly NetfilterOperation[],
  inserted: readonly {
    source: { text: string };
    destination: { text: string };
  }[],
): (pair: NetworkPair) => boolean {
  if (table.some(({ sign }) => sign !== "-")) return () => true;
  const texts = new Set(
    inserted.map(
      ({ source, destination }) => `${source.text} ${destination.text}`,
    ),
  );
  return ({ local, remote }) =>
    texts.has(`${local.text} ${remote.text}`) ||
    texts.has(`${remote.text} ${local.text}`);
}
