import type { Binding } from "../../native/index.ts";
import { type Heap, ownHeap } from "./heap.ts";

/** How long nothing may have happened, in milliseconds. */
const QUIET_MS = 5000;

/** The same for what takes the longer the larger a mesh is, and keeps calls waiting meanwhile. */
const SETTLED_MS = 30_000;

/** By how much the heap has to have grown since then, in bytes. */
const GROWN = 32 * 1024 * 1024;

/** Up to here nothing is given back of it, in bytes: calls on a node of a small mesh find all that they compiled. */
const SMALL = 64 * 1024 * 1024;

/** Gives back the memory that a busy agent fills. */
export interface SpareMemory {
  /** Something happens: what it needed may be needed again soon. */
  readonly busy: () => void;
  readonly stop: () => void;
}

/**
 * Gives back, once nothing has happened for a while, the pages of the program's own file: half of what a resident Node
 * holds. A call that comes then has them read in again, within a millisecond, which pods that start one after the other
 * need not wait for. What malloc keeps of what was freed goes with them. Later what looks at a large mesh have left in the heap
 * goes too.
 */
export function spareMemory(
  binding: Pick<Binding, "releaseImage" | "releaseFreed">,
  heap: Heap = ownHeap,
): SpareMemory {
  let timers: NodeJS.Timeout[] = [];
  let size = SMALL;
  const stop = (): void => {
    for (const timer of timers) clearTimeout(timer);
  };
  const release = (): void => {
    binding.releaseFreed();
    binding.releaseImage();
  };
  const shrink = (): void => {
    if (heap.size() < size + GROWN) return;
    heap.collect();
    size = Math.max(SMALL, heap.size());
    release();
  };
  return {
    busy: () => {
      stop();
      timers = [setTimeout(release, QUIET_MS), setTimeout(shrink, SETTLED_MS)];
    },
    stop,
  };
}
