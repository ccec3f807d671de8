import type { Log } from "../kernel/log.ts";
import type { Session } from "../kernel/session.ts";
import type { NetfilterOperation } from "../netfilter/base/operation.ts";
import { applyOperations } from "../reconcile/apply.ts";
import type { PolicyOperation } from "../reconcile/operation.ts";
import { deviceNames } from "../reconcile/device-names.ts";
import { describeStep } from "../reconcile/sentence.ts";
import { planFencePolicies } from "./policies.ts";
import { applyRules } from "./rules.ts";
import type { FenceWill } from "./will.ts";

/** What was done to the fence. */
export interface Raised {
  readonly policies: readonly PolicyOperation[];
  readonly rules: readonly NetfilterOperation[];
}

/**
 * Brings both layers of the fence to what is wanted, and nothing else: whatever is wrong with one, the other is tried.
 *
 * @throws the first layer's trouble, once both were tried
 */
export function raiseFence(
  session: Session,
  will: FenceWill,
  log: Log,
): Raised {
  const policies = attempt(() => policyLayer(session, will));
  const rules = attempt(() => applyRules(session.kernel, will));
  const names = deviceNames(session.route);
  for (const step of policies.done ?? [])
    log("info", describeStep(step, names));
  for (const { sentence } of rules.done ?? []) log("info", sentence);
  if (policies.done === undefined) throw policies.trouble;
  if (rules.done === undefined) throw rules.trouble;
  return { policies: policies.done, rules: rules.done };
}

function policyLayer(
  session: Session,
  will: FenceWill,
): readonly PolicyOperation[] {
  const steps = planFencePolicies(will, session.xfrm.policies());
  applyOperations(session, steps);
  return steps;
}

function attempt<Done>(work: () => Done): {
  readonly done?: Done;
  readonly trouble?: unknown;
} {
  try {
    return { done: work() };
  } catch (trouble) {
    return { trouble };
  }
}
