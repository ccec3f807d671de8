import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { rulesetMark, unlessVerified } from "../kernel/verified.ts";
import { commitOperations } from "./apply.ts";
import { FAMILIES } from "./base/family.ts";
import type { NetworkPair } from "../mesh/state.ts";
import { legacyTables } from "./legacy/program.ts";
import { forgetMappings } from "./mappings.ts";
import { observeSnat } from "./observe.ts";
import { planSnat } from "./plan.ts";
import type { DesiredSnat, SnatPlan } from "./state.ts";

export { describeSnat } from "./explain.ts";
export { observeSnat } from "./observe.ts";
export { planSnat } from "./plan.ts";
export type { DesiredSnat, SnatMode, SnatPlan } from "./state.ts";

/** A plan by a look at the rules as they are. */
export function planSnatByLooking(
  kernel: Kernel,
  desired: DesiredSnat,
): SnatPlan {
  return planSnat(desired, observeSnat(kernel));
}

/**
 * A plan, without looking at the rules where an earlier call found them right and nothing changed
 * since: listing thousands of rules and set elements is most of what an ADD would cost. Only in the
 * process's own namespace; CHECK and `plan` always look.
 */
export function planSnatQuickly(
  kernel: Kernel,
  desired: DesiredSnat,
): SnatPlan {
  return unlessVerified("verified", markOf(kernel, desired), {
    nothing: { desired, operations: [], fresh: [] },
    look: () => planSnatByLooking(kernel, desired),
    isRight: ({ operations }) => operations.length === 0,
  });
}

/** Counted up where a new version wants other rules for the same pairs: the word of an older one is then no word. */
const RULES_VERSION = 2;

function markOf(
  kernel: Kernel,
  { mode, innerMtu, exemptions }: DesiredSnat,
): string | undefined {
  if (kernel.netns !== undefined) return undefined;
  if (FAMILIES.some((family) => legacyTables(kernel, family).size > 0))
    return undefined;
  const words = [
    `${String(RULES_VERSION)} ${mode} ${String(innerMtu)}`,
    ...exemptions.map(
      ({ local, remote, encrypted, global }) =>
        `${local.text}>${remote.text} ${encrypted ? "esp" : ""} ${global?.text ?? ""}`,
    ),
  ];
  return rulesetMark(kernel, { words });
}

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
    const applied = commitOperations(kernel, current.operations, generation);
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
