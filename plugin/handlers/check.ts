import { CniError, ErrorCode } from "../../cni/error.ts";
import { type FullPlan, planFully, type Wanted } from "../node/converge.ts";
import { planPodFully } from "../pod/attach.ts";
import type { PodPlan } from "../pod/plan.ts";
import type { Pod } from "../pod/state.ts";
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
  refuse([
    ...missingOnNode(planFully(session, wanted)),
    ...(pod === undefined ? [] : missingOnPod(planPodFully(session, pod))),
  ]);
}

/** One sentence for each step that a plan holds. */
export function missingOnNode({ node, snat }: FullPlan): string[] {
  return [
    ...node.protect.map(describeStep),
    ...snat.operations.map(({ sentence }) => sentence),
    ...node.retire.map(describeStep),
    ...node.conflicts,
  ];
}

function missingOnPod({ operations, conflicts }: PodPlan): string[] {
  return [...operations.map(describeStep), ...conflicts];
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
