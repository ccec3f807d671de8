import type { Binding } from "../../native/index.ts";

/** How long nothing may have happened, in milliseconds. */
const QUIET_MS = 5000;

/** Gives back the memory that a busy agent fills. */
export interface SpareMemory {
  /** Something happens: what it needed may be needed again soon. */
  readonly busy: () => void;
  readonly stop: () => void;
}

/**
 * Gives back, once nothing has happened for a while, the pages of the program's own file: half of what a resident Node
 * holds. A call that comes then has them read in again, within a millisecond, which pods that start one after the other
 * need not wait for.
 */
export function spareMemory(binding: Binding): SpareMemory {
  let timer: NodeJS.Timeout | undefined;
  return {
    busy: () => {
      clearTimeout(timer);
      timer = setTimeout(() => binding.releaseImage(), QUIET_MS);
    },
    stop: () => {
      clearTimeout(timer);
    },
  };
}
