import { ownsPolicy, ownsReqid } from "../owned.ts";
import { associations } from "../reconcile/kinds/association.ts";
import { POLICIES } from "../reconcile/kinds/policy.ts";
import { ROUTES } from "../reconcile/kinds/route.ts";
import { sysctlSteps } from "../reconcile/kinds/sysctl.ts";
import type { KernelOperation } from "../reconcile/operation.ts";
import { type Steps, stepsBetween } from "../reconcile/steps.ts";
import { bringingUp, takingDown } from "./phases.ts";
import type { DesiredState, ObservedState } from "./state.ts";

/** The steps to a desired state, in the order in which no packet ever leaves in clear text. */
export interface NodePlan {
  /** Brings protection up; made for who goes through it. */
  readonly protect: Iterable<KernelOperation>;
  /** Takes down what is no longer wanted. */
  readonly retire: readonly KernelOperation[];
  /** What somebody else holds in our place: nothing that we could mend without touching it. */
  readonly conflicts: readonly string[];
}

/**
 * Compares what should be with what is. Pure: the same states give the same plan, and a plan for
 * a state that is already right is empty.
 */
export function planNode(
  desired: DesiredState,
  observed: ObservedState,
): NodePlan {
  const owners = {
    owns: ownedReqids(desired, observed),
    keeps: (reqid: number) => desired.ikeReqids.has(reqid),
  };
  const steps: Steps<KernelOperation>[] = [
    stepsBetween(desired.policies, observed.policies, POLICIES),
    stepsBetween(
      desired.associations,
      observed.associations,
      associations(owners),
    ),
    stepsBetween(desired.routes, observed.routes, ROUTES),
    sysctlSteps(desired.sysctls, observed.sysctls),
  ];
  return {
    protect: bringingUp(
      steps.map(({ needed }) => needed),
      desired.nearReqids,
    ),
    retire: takingDown(steps.flatMap(({ stale }) => stale)),
    conflicts: steps.flatMap(({ conflicts }) => conflicts),
  };
}

/**
 * Which reqids are ours. A static key may name one outside of our range; then it is ours where a
 * wanted SA, or the template of a policy of ours, carries it.
 */
function ownedReqids(
  { associations }: DesiredState,
  { policies }: ObservedState,
): (reqid: number) => boolean {
  const named = new Set<number>();
  for (const { reqid } of associations) named.add(reqid);
  for (const policy of policies) {
    if (ownsPolicy(policy))
      for (const { reqid } of policy.templates) named.add(reqid);
  }
  return (reqid) => ownsReqid(reqid) || named.has(reqid);
}
