import type { Kernel } from "../kernel/kernel.ts";
import {
  type LendSession,
  type OpenSession,
  openSession,
} from "../kernel/session.ts";

/** One session for many calls. */
export interface LastingSession {
  readonly lend: LendSession;
  readonly close: () => void;
}

/**
 * Keeps the sockets of a session open from call to call: opening them takes as many system calls as a pod's own work.
 * After a call that failed they are opened anew, since an answer that came too late may still be on its way.
 */
export function lastingSession(kernel: Kernel): LastingSession {
  let session: OpenSession | undefined;
  const close = (): void => {
    session?.close();
    session = undefined;
  };
  return {
    lend: (use) => {
      session ??= openSession(kernel);
      try {
        return use(session);
      } catch (error) {
        close();
        throw error;
      }
    },
    close,
  };
}
