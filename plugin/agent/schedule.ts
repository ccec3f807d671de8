import { demandsOn, type Occasion } from "./demands.ts";
import { PACE, type Pace, type Times } from "./pace.ts";

/** Runs a task soon after it is asked for, never twice at once and not all the time. */
export interface Schedule {
  /** Asks for a run; for one that follows files, where that is all that is asked for. */
  readonly request: (by?: "files") => void;
  /** Runs now, whatever was planned. */
  readonly run: () => void;
  readonly stop: () => void;
}

/** The time, in milliseconds, and what calls back later. */
export interface Clock {
  readonly now: () => number;
  /** What this process has taken of a processor. */
  readonly busy: () => number;
  readonly after: (milliseconds: number, callback: () => void) => Disposable;
}

/**
 * Makes a schedule. The task is told what it runs for. It returns whether it succeeded, or "partly" where it did not look at all
 * that a sweep looks at; and must not throw.
 *
 * A run is planned at any time: after the last one for the sweep, sooner where one is asked for.
 */
export function schedule(
  task: (occasion: Occasion) => boolean | "partly",
  pace: Pace = PACE,
  clock: Clock = SYSTEM_CLOCK,
): Schedule {
  const demands = demandsOn(pace, clock.now());
  const timer = soonest(clock, () => {
    run();
  });
  let isRunning = false;
  let restUntil = -Infinity;
  let sweepAt = -Infinity;
  const run = (): void => {
    timer.clear();
    const occasion = demands.serve(clock.now(), sweepAt);
    isRunning = true;
    const { succeeded, ...times } = timed(clock, () => task(occasion));
    isRunning = false;
    const follows = occasion === "files";
    demands.spend(follows && succeeded === "partly" ? 0 : times.cost, {
      ...times,
      hasFailed: succeeded === false,
    });
    restUntil = times.ended + restAfter(follows ? times.cost : 0, pace);
    if (succeeded !== "partly")
      sweepAt =
        times.ended + (succeeded ? untilSweep(times, pace) : pace.retry);
    timer.plan(sweepAt);
    timer.plan(demands.next(restUntil));
  };
  return {
    request: (by) => {
      demands.ask(by);
      const soon = Math.max(clock.now() + pace.settle, restUntil);
      // What is asked for in the midst of a run has the rest after it, too.
      if (!isRunning) timer.plan(demands.next(soon));
    },
    run,
    stop: timer.stop,
  };
}

/** Calls back once, at the soonest of the times that were planned since it was cleared. */
function soonest(clock: Clock, callback: () => void) {
  let planned: { readonly at: number; readonly timer: Disposable } | undefined;
  const clear = (): void => {
    planned?.timer[Symbol.dispose]();
    planned = undefined;
  };
  return {
    clear,
    plan: (at: number) => {
      if (at === Infinity || (planned && planned.at <= at)) return;
      clear();
      const pause = Math.max(0, at - clock.now());
      planned = { at, timer: clock.after(pause, callback) };
    },
    /** For ever. */
    stop: () => {
      clear();
      planned = { at: -Infinity, timer: { [Symbol.dispose]: () => undefined } };
    },
  };
}

function timed<Outcome>(
  { now, busy }: Clock,
  task: () => Outcome,
): Times & { readonly succeeded: Outcome } {
  const [started, before] = [now(), busy()];
  const succeeded = task();
  return { succeeded, started, ended: now(), cost: busy() - before };
}

/** How long to rest after a run that took so much to follow files. */
function restAfter(cost: number, { rest, following }: Pace): number {
  return Math.max(rest, cost * (1 / following - 1));
}

/** How long after a run of that length the next one comes unasked. Milliseconds. */
function untilSweep(
  { started, ended }: Times,
  { sweep, calm, sweepMost }: Pace,
): number {
  return Math.max(sweep, Math.min((ended - started) / calm, sweepMost));
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
