/** Runs a task soon after it is asked for, never twice at once and not all the time. */
export interface Schedule {
  /** Asks for a run. */
  readonly request: () => void;
  /** Runs now, whatever was planned. */
  readonly run: () => void;
  readonly stop: () => void;
}

/** How soon, how often, and when without being asked. All in milliseconds. */
export interface Pace {
  /** Changes come in bunches: one run serves them all. */
  readonly settle: number;
  /** Shortest time between two runs, however often they are asked for. */
  readonly rest: number;
  /**
   * Which part of the time runs may take, of a processor: what is asked of a busy node must not keep it busy, nor is it put off
   * for what others do there meanwhile.
   */
  readonly share: number;
  /** How much more than their share runs may have taken before they have to wait: a large repair may be needed twice. */
  readonly burst: number;
  /** When to try again after a run that failed. */
  readonly retry: number;
  /** Time without a run after which one comes unasked: for what nobody tells of. */
  readonly sweep: number;
  /** Which part of the time unasked runs may take: a large mesh is swept less often. */
  readonly calm: number;
  /** Longest time without a run, however long one takes. */
  readonly sweepMost: number;
}

/** The agent's pace: a repair within a second, and no spinning beside a program that rewrites rules in a loop. */
export const PACE: Pace = {
  settle: 100,
  rest: 500,
  share: 0.1,
  burst: 15_000,
  retry: 5_000,
  sweep: 30_000,
  calm: 0.01,
  sweepMost: 300_000,
};

/** The time, in milliseconds, and what calls back later. */
export interface Clock {
  readonly now: () => number;
  /** What this process has taken of a processor. */
  readonly busy: () => number;
  readonly after: (milliseconds: number, callback: () => void) => Disposable;
}

/**
 * Makes a schedule. The task is told whether it was asked for, or sweeps. It returns whether it succeeded, or "partly" where it did
 * not look at all that a sweep looks at; and must not throw.
 *
 * A run is planned at any time: after the last one for the sweep, sooner where one is asked for.
 */
export function schedule(
  task: (isSweep: boolean) => boolean | "partly",
  pace: Pace = PACE,
  clock: Clock = SYSTEM_CLOCK,
): Schedule {
  let restUntil = -Infinity;
  let debt = 0;
  let lastEnded = clock.now();
  let sweepAt = -Infinity;
  let planned: { readonly at: number; readonly timer: Disposable } | undefined;
  const plan = (at: number): void => {
    if (planned !== undefined && planned.at <= at) return;
    planned?.timer[Symbol.dispose]();
    planned = { at, timer: clock.after(Math.max(0, at - clock.now()), run) };
  };
  const run = (): void => {
    planned?.timer[Symbol.dispose]();
    planned = undefined;
    const [started, busy] = [clock.now(), clock.busy()];
    const succeeded = task(started >= sweepAt);
    const ended = clock.now();
    debt = Math.max(0, debt - (started - lastEnded) * pace.share);
    debt += clock.busy() - busy;
    lastEnded = ended;
    restUntil = ended + Math.max(pace.rest, (debt - pace.burst) / pace.share);
    const pause = succeeded ? untilSweep(ended - started, pace) : pace.retry;
    if (succeeded !== "partly") sweepAt = ended + pause;
    plan(sweepAt);
  };
  return {
    request: () => {
      plan(Math.max(clock.now() + pace.settle, restUntil));
    },
    run,
    stop: () => {
      planned?.timer[Symbol.dispose]();
      planned = { at: -Infinity, timer: { [Symbol.dispose]: () => undefined } };
    },
  };
}

/** How long after a run of that length the next one comes unasked. Milliseconds. */
function untilSweep(took: number, { sweep, calm, sweepMost }: Pace): number {
  return Math.max(sweep, Math.min(took / calm, sweepMost));
}

const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  busy: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
      },
    };
  },
};
