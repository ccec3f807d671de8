import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  type FullPlan,
  planFully,
  obstaclesOf,
  stepsOf,
  type Wanted,
} from "../node/full-plan.ts";
import { planPodFully } from "../pod/attach.ts";
import type { PodPlan } from "../pod/plan.ts";
import type { Pod } from "../pod/state.ts";
import { type DeviceNames, deviceNames } from "../reconcile/device-names.ts";
import { describeStep } from "../reconcile/sentence.ts";
import type { Session } from "../kernel/session.ts";

/**
 * Succeeds when the node, and the pod if one is given, are what they should be.
 *
 * @throws CniError 103 that names each missing thing
 */
export function checkAttachment(
  session: Session,
  wanted: Wanted,
  pod: Pod | undefined,
): void {
  const names = deviceNames(session.route);
  refuse([
    ...missingOnNode(planFully(session, wanted), names),
    ...(pod === undefined
      ? []
      : missingOnPod(planPodFully(session, pod), names)),
  ]);
}

/** One sentence for each step that a plan holds. */
export function missingOnNode(plan: FullPlan, names: DeviceNames): string[] {
  return [
    ...Array.from(stepsOf(plan), (step) => describeStep(step, names)),
    ...obstaclesOf(plan),
  ];
}

function missingOnPod(
  { operations, conflicts }: PodPlan,
  names: DeviceNames,
): string[] {
  return [...operations.map((step) => describeStep(step, names)), ...conflicts];
}

function refuse(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new CniError(
    ErrorCode.checkFailed,
    `Cannot confirm the attachment: ${String(missing.length)} ${missing.length === 1 ? "thing differs" : "things differ"} from what ADD set up`,
    {
      details: `needed: ${missing.join("; ")}. \`crosslink apply\` mends the node, a new ADD mends the pod`,
    },
  );
}
