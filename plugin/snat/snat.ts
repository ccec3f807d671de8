import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Kernel } from "../kernel.ts";
import { applyOperations } from "../netfilter/apply.ts";
import type { NetworkPair } from "../netfilter/network-pairs.ts";
import { forgetMappings } from "./mappings.ts";
import { observeSnat } from "./observe.ts";
import { planSnat } from "./plan.ts";
import type { SnatPlan } from "./state.ts";

export { describeSnat } from "./explain.ts";
export { observeSnat } from "./observe.ts";
export { planSnat } from "./plan.ts";
export type { DesiredSnat, ObservedSnat, SnatMode, SnatPlan } from "./state.ts";

/** How often a plan is made anew where others change the rules all the time. */
const ATTEMPTS = 60;
/** From this attempt on the generation is no longer asked for; what came out is looked at instead. */
const LENIENT_FROM = 30;

/**
 * Takes the steps of a plan, and forgets the mappings of connections that it concerns. Where somebody else changed the
 * rules since they were observed, a new plan is made from what they are now, a bounded number of times.
 *
 * @throws CniError 11 where the rules never stand still, or legacy iptables' lock cannot be had
 */
export function applySnat(kernel: Kernel, plan: SnatPlan): void {
  const fresh = new Set<NetworkPair>();
  let current = plan;
  for (let attempt = 0; current.operations.length > 0; attempt++) {
    if (attempt === ATTEMPTS) throw restless();
    for (const pair of current.fresh) fresh.add(pair);
    const lenient = attempt >= LENIENT_FROM;
    const generation = lenient ? undefined : current.generation;
    const applied = applyOperations(kernel, current.operations, generation);
    if (applied === "done" && !lenient) break;
    current = planSnat(plan.desired, observeSnat(kernel));
  }
  forgetMappings(kernel, [...fresh]);
}

function restless(): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    `Cannot exempt pods from SNAT: the node's NAT rules changed under ${ATTEMPTS} attempts`,
    {
      details:
        "another program rewrites them all the time: `nft monitor` shows which",
    },
  );
}
