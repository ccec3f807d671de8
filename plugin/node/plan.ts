import type { Operation } from "../reconcile/operation.ts";
import { planAssociations } from "./plan-associations.ts";
import { planPolicies } from "./plan-policies.ts";
import { planRoutes } from "./plan-routes.ts";
import type { DesiredState, ObservedState } from "./state.ts";

/** The steps to a desired state, in the order in which no packet ever leaves in clear text. */
export interface NodePlan {
  /** Brings protection up: block policies come first, policies that let traffic out last. */
  readonly protect: readonly Operation[];
  /** Takes down what is no longer wanted: block policies go last. */
  readonly retire: readonly Operation[];
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
  const policies = planPolicies(desired.policies, observed.policies);
  const associations = planAssociations(desired, observed);
  const routes = planRoutes(desired.routes, observed.routes);
  return {
    protect: [
      ...policies.block,
      ...associations.needed,
      ...policies.inbound,
      ...policies.outbound,
      ...routes.needed,
      ...planSysctls(desired.sysctls, observed.sysctls),
    ],
    retire: [
      ...policies.staleProtection,
      ...associations.stale,
      ...routes.stale,
      ...policies.staleBlock,
    ],
    conflicts: [
      ...policies.conflicts,
      ...associations.conflicts,
      ...routes.conflicts,
    ],
  };
}

function planSysctls(
  desired: ReadonlyMap<string, string>,
  observed: ReadonlyMap<string, string>,
): Operation[] {
  return [...desired]
    .filter(([path, value]) => observed.get(path) !== value)
    .map(([path, value]) => ({ object: "sysctl", verb: "set", path, value }));
}
