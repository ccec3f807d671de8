import type { Handlers } from "../../cni/main.ts";
import { both, type Log, openLog, silent } from "../kernel/log.ts";
import type { LendSession } from "../kernel/session.ts";
import { collectGarbage, detachPod } from "../pod/detach.ts";

/** What the handlers that release something need of the process that they run in. */
export interface ReleaseContext {
  /** Lends the conversations with the node's kernel. */
  readonly lend: LendSession;
  readonly writeStderr: (text: string) => void;
  /** Where decisions are logged besides: a resident agent's log. */
  readonly log?: Log;
}

/** DEL and GC. They read no cluster file: they remove what the kernel shows of a pod. */
export function releaseHandlers(
  context: ReleaseContext,
): Pick<Handlers, "del" | "gc"> {
  const { lend, writeStderr, log = silent } = context;
  return {
    // Never fails: crosslink is last in the chain, so its DEL runs first, and an error would keep the base plugin from
    // freeing the pod's address.
    del: (request) => {
      try {
        lend((session) => {
          detachPod(session, request);
        });
      } catch (error) {
        both(openLog(writeStderr), log)(
          "warn",
          `DEL left something behind: ${String(error)}`,
          { containerID: request.containerId },
        );
      }
    },
    gc: (request) => {
      lend((session) => {
        collectGarbage(session, request);
      });
    },
  };
}
