import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What the heap of this process takes, and what gives back of it what nothing refers to. */
export interface Heap {
  /** In bytes. */
  readonly size: () => number;
  /** Takes a second of a processor where 150 MB stay. */
  readonly collect: () => void;
}

/**
 * V8's own. Left alone it lets a heap grow to twice what stays before it looks, and gives no pages back: a look at 20,000 nodes
 * leaves 150 MB that way, for as long as nothing else happens.
 */
export const ownHeap: Heap = {
  size: () => getHeapStatistics().total_heap_size,
  collect: () => {
    collector()({ type: "major", execution: "sync", flavor: "last-resort" });
  },
};

type Collect = (how: {
  readonly type: "major";
  readonly execution: "sync";
  /** Until nothing more is found, and what stays is moved together. */
  readonly flavor: "last-resort";
}) => void;

/** Contexts have `gc` that are made while the flag is set. */
function collector(): Collect {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc") as Collect;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}

/**
 * How much of what stays may come on top of it before V8 collects, in percent. By itself it lets the heap of a mesh that changes all
 * the time grow to three and a half times what stays, past what a pod may have. At half as much it collects more often, which is a
 * tenth of what an agent's looks take; at as much again, which serves a plan that is made once, it costs nothing that could be
 * measured.
 */
const GROWTH = { stays: 50, looksOnce: 100 } as const;

/** From now on the heap of this process grows by so much at the most. For programs that stay, or look at a large mesh. */
export function growSparingly(program: keyof typeof GROWTH): void {
  setFlagsFromString(`--heap-growing-percent=${String(GROWTH[program])}`);
}
