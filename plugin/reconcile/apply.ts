import { CniError, ErrorCode } from "../../cni/error.ts";
import { NetlinkError } from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import { isGone } from "./handling.ts";
import { handlingOf } from "./kinds.ts";
import type { KernelOperation } from "./operation.ts";
import { describeStep } from "./sentence.ts";

/**
 * Takes the steps of a plan, in their order, and stops at the first that fails.
 *
 * What was done stays: every prefix of a plan is safe, since what blocks goes in first and out
 * last, and the next ADD or `apply` takes the steps that are left.
 *
 * @throws CniError that names the step, or the kernel's missing feature
 */
export function applyOperations(
  session: Session,
  operations: Iterable<KernelOperation>,
): void {
  for (const run of runsOf(operations)) {
    const [first] = run;
    handlingOf(first).take(session, run, refuseFailure);
  }
}

type Run = [KernelOperation, ...KernelOperation[]];

/** What a conversation holds in memory until it is answered is some kilobytes a step. */
const MOST_AT_ONCE = 2048;

/** Runs of steps that can travel in one conversation. */
function* runsOf(operations: Iterable<KernelOperation>): Generator<Run> {
  let run: Run | undefined;
  for (const step of operations) {
    if (run !== undefined && goesWith(run, step)) {
      run.push(step);
      continue;
    }
    if (run !== undefined) yield run;
    run = [step];
  }
  if (run !== undefined) yield run;
}

function goesWith({ length, 0: first }: Run, step: KernelOperation): boolean {
  return (
    length < MOST_AT_ONCE &&
    first.object === step.object &&
    first.verb === step.verb
  );
}

/** What is to be deleted and is gone is deleted. */
function refuseFailure(
  step: KernelOperation,
  error: NetlinkError | undefined,
): void {
  if (error === undefined || (step.verb === "delete" && isGone(error))) return;
  const missing = handlingOf(step).lacks?.(error);
  if (missing === undefined) throw withNames(step, error);
  throw new CniError(
    ErrorCode.kernelUnsupported,
    `Cannot ${describeStep(step)}: the kernel has no ${missing.name}`,
    { details: `${error.message}. ${missing.remedy}`, cause: error },
  );
}

/** The kernel is asked for a device by its index, which says nothing to an admin. */
function withNames(step: KernelOperation, error: NetlinkError): NetlinkError {
  if (!("link" in step)) return error;
  const { operation, errno, extack } = error;
  const attempt = { operation, action: () => describeStep(step) };
  return new NetlinkError(attempt, errno, extack);
}
