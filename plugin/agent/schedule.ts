/** Runs a task soon after it is asked for, never twice at once and not all the time. */
export interface Schedule {
  readonly request: () => void;
  readonly stop: () => void;
}

/** How soon, how often, and when without being asked. All in milliseconds. */
export interface Pace {
  /** Changes come in bunches: one run serves them all. */
  readonly settle: number;
  /** Shortest time between two runs, however often they are asked for. */
  readonly rest: number;
  /** Longest time without a run. */
  readonly sweep: number;
}

/** The agent's pace: a repair within a second, and no spinning beside a program that rewrites rules in a loop. */
export const PACE: Pace = { settle: 100, rest: 500, sweep: 30_000 };

/** Makes a schedule for a task that must not throw; the first run is asked for by the caller. */
export function schedule(task: () => void, pace: Pace = PACE): Schedule {
  let last = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  const run = (): void => {
    timer = undefined;
    task();
    last = performance.now();
  };
  const request = (): void => {
    const wait = Math.max(pace.settle, last + pace.rest - performance.now());
    timer ??= setTimeout(run, wait);
  };
  const sweeper = setInterval(request, pace.sweep);
  return {
    request,
    stop: () => {
      clearTimeout(timer);
      clearInterval(sweeper);
    },
  };
}
