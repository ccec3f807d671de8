/** Runs an asynchronous task again and again, never twice at once. */
interface Loop {
  /** Asks for a run soon. */
  readonly wake: () => void;
  readonly stop: () => void;
}

/** Things happen in bunches: one run serves them all. */
const SETTLE_MS = 200;

/** The longest time without a run. */
const SWEEP_MS = 10_000;

/** Makes a loop that waits to be woken the first time. The task must not reject. */
export function loop(task: () => Promise<void>): Loop {
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
    void task().finally(() => {
      isRunning = false;
      plan(isAsked ? SETTLE_MS : SWEEP_MS);
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
