import { CniError, ErrorCode } from "../../cni/error.ts";
import { traitsOf } from "./base/family.ts";
import { missingLegacy } from "./legacy/program.ts";
import type { NetworkPair } from "../mesh/state.ts";
import type { NetfilterOperation } from "./base/operation.ts";
import { planTable } from "./table/plan.ts";
import { desiredTable } from "./desired-table.ts";
import { freshPairs } from "./fresh.ts";
import { planChains } from "./plan-chains.ts";
import type {
  DesiredSnat,
  ObservedFamily,
  ObservedSnat,
  SnatPlan,
} from "./state.ts";

/**
 * What is missing, and what is ours and no longer wanted. Throws CniError 102 where what is asked for needs NAT in nf_tables
 * and the kernel cannot do it, 50 where only legacy iptables could help and its programs are missing.
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

function planFamily(
  desired: DesiredSnat,
  observed: ObservedFamily,
): Pick<SnatPlan, "operations" | "fresh"> {
  const { family } = observed;
  const pairs = desired.exemptions.filter(
    ({ local, remote }) => local.family === family && remote.family === family,
  );
  const inTable = usesTable(desired, pairs, observed);
  const wanted = desiredTable(inTable ? pairs : [], family, {
    ...desired,
    spares: observed.spares,
  });
  const table = planTable(wanted, observed.table);
  const shared = planChains(desired, pairs, { ...observed, inTable });
  const operations: NetfilterOperation[] = [...table, ...shared.operations];
  return { operations, fresh: freshPairs(pairs, table, shared.inserted) };
}

/** Whether our own table does what it can. What needs it and has no other way is refused where it cannot be. */
function usesTable(
  { mode }: DesiredSnat,
  pairs: readonly NetworkPair[],
  { family, canNat, legacy, legacyUnreadable }: ObservedFamily,
): boolean {
  const keepsSource = mode === "identity" || mode === "auto";
  const more = pairs.some(
    ({ encrypted, global }) => encrypted || global !== undefined,
  );
  if (pairs.length === 0 || !(keepsSource || more)) return false;
  if (canNat()) return true;
  if (mode === "identity") throw unsupported(family, '"snat" is "identity"');
  if (legacy === undefined && pairs.some(({ global }) => global)) {
    if (legacyUnreadable) throw missingLegacy();
    throw unsupported(family, '"globalCIDRs" are mapped');
  }
  return false;
}

function unsupported(family: ObservedFamily["family"], why: string): CniError {
  return new CniError(
    ErrorCode.kernelUnsupported,
    `Cannot set up NAT: ${why}, and this kernel has no NAT in nf_tables for ${traitsOf(family).word}`,
    {
      details:
        'load nf_tables, nft_chain_nat and nft_nat (modprobe), or set "snat" to "auto" or "return"',
    },
  );
}
