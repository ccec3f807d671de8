/** Work that nobody waits for is done a moment later, in order. */
export type Afterwards = (work: () => void) => void;

/** Long enough for whoever was answered to go on. */
const PAUSE_MS = 1;

/**
 * Puts work off until the answer is out, and a little longer: the kernel wakes a caller on the processor that woke it,
 * where what is done at once would keep it waiting.
 */
export function afterwards(): Afterwards {
  let waiting: (() => void)[] = [];
  const flush = (): void => {
    const due = waiting;
    waiting = [];
    for (const work of due) work();
  };
  return (work) => {
    // One timer for all: making one costs more than most of this work.
    if (waiting.push(work) === 1) setTimeout(flush, PAUSE_MS);
  };
}
