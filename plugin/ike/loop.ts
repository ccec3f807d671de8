/** Runs an asynchronous task again and again, never twice at once. */
export interface Loop {
  /** Asks for a run soon. */
  readonly wake: () => void;
  readonly stop: () => void;
}

/** Things happen in bunches: one run serves them all. After one that takes longer it is as long, so that others have as much of a processor. */
const SETTLE_MS = 200;

/** The longest time without a run. */
const SWEEP_MS = 10_000;

/**
 * Makes a loop that waits to be woken the first time.
 *
 * @param task resolves to the milliseconds after which it should run again at the latest, where it knows; must not reject
 */
export function loop(task: () => Promise<number | undefined>): Loop {
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isAsked = false;
  let isStopped = false;
  const plan = (afterMs: number): void => {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(run, afterMs);
  };
  const run = (): void => {
    isRunning = true;
    isAsked = false;
    const beganMs = performance.now();
    void task().then((nextMs = SWEEP_MS) => {
      isRunning = false;
      const tookMs = performance.now() - beganMs;
      const soonMs = Math.max(SETTLE_MS, tookMs);
      plan(Math.min(isAsked ? soonMs : nextMs, SWEEP_MS));
    });
  };
  return {
    wake: () => {
      if (isRunning) isAsked = true;
      else if (!isAsked) plan(SETTLE_MS);
      isAsked = true;
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
