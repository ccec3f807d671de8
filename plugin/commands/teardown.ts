import { silent } from "../kernel/log.ts";
import { withNodeLock } from "../kernel/lock.ts";
import { NO_MEMORY } from "../fence/decide.ts";
import { remember } from "../fence/memory.ts";
import { applyFully, NOTHING_WANTED, planFully } from "../node/full-plan.ts";
import { detachAll } from "../pod/detach.ts";
import { deviceNames } from "../reconcile/device-names.ts";
import { describeStep } from "../reconcile/sentence.ts";
import { withSession } from "../kernel/session.ts";
import { missingOnNode } from "../handlers/check.ts";
import type { Terminal } from "./command.ts";
import type { Options } from "./options.ts";

/**
 * `crosslink teardown`: removes all that crosslink owns, block policies last. It reads no
 * configuration, so that it works when the files are already gone.
 */
export function runTeardown({ json }: Options, terminal: Terminal): number {
  const kernel = terminal.kernel();
  const removed = withSession(kernel, (session) =>
    withNodeLock(kernel, () => {
      const names = deviceNames(session.route);
      const plan = planFully(session, NOTHING_WANTED);
      applyFully(session, { plan, fence: NOTHING_WANTED.fence }, silent);
      remember(kernel, NO_MEMORY);
      return [
        ...missingOnNode(plan, names),
        ...detachAll(session).map((step) => describeStep(step, names)),
      ];
    }),
  );
  terminal.writeStdout(
    json ? `${JSON.stringify({ removed })}\n` : toText(removed),
  );
  return 0;
}

function toText(removed: readonly string[]): string {
  if (removed.length === 0)
    return "Nothing to remove: crosslink owns nothing on this node.\n";
  return removed.map((sentence) => `${sentence}\n`).join("");
}
