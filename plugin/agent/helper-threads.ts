import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** The threads of this process, by number; the first one has the process'. */
const THREADS = "/proc/self/task";

/**
 * Lets the main thread go first, which serves the calls. V8 compiles what runs often in threads of its own; the kernel
 * likes to wake those on the processor of the thread that asked for it, and there they took half a millisecond of a call.
 * Not at the lowest priority: while one processor sets up a large mesh, they should come to something.
 */
export function putCallsFirst(): void {
  for (const thread of readdirSync(THREADS).map(Number))
    if (thread !== process.pid) lower(thread);
}

function lower(thread: number): void {
  try {
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or may not be told: calls take a little longer then.
  }
}
