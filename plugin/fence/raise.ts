import { NetlinkError } from "../../native/index.ts";
import type { Log } from "../kernel/log.ts";
import type { Session } from "../kernel/session.ts";
import type { NetfilterOperation } from "../netfilter/base/operation.ts";
import { applyOperations } from "../reconcile/apply.ts";
import type { PolicyOperation } from "../reconcile/kinds/policy.ts";
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
  for (const step of [...(policies.done ?? []), ...(rules.done ?? [])])
    log("info", describeStep(step, names));
  if (policies.done === undefined) throw policies.trouble;
  if (rules.done === undefined) throw rules.trouble;
  return { policies: policies.done, rules: rules.done };
}

/** How often policies are looked at anew where others raise the same fence at the same moment. */
const ATTEMPTS = 20;

/** Whoever waits for the lock raises without it, so a policy may be there by now: it is looked at again, never taken for a fault. */
function policyLayer(
  session: Session,
  will: FenceWill,
): readonly PolicyOperation[] {
  for (let left = ATTEMPTS; ; left--) {
    const steps = planFencePolicies(will, session.xfrm.policies());
    try {
      applyOperations(session, steps);
      return steps;
    } catch (error) {
      if (left === 0 || !isThereByNow(error)) throw error;
    }
  }
}

function isThereByNow(error: unknown): boolean {
  return error instanceof NetlinkError && error.code === "EEXIST";
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
