import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Clock,
  type Pace,
  PACE,
  schedule,
} from "../../../../plugin/agent/schedule.ts";

/** A clock that a test turns. */
function testClock() {
  let now = 1000;
  let busy = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  const clock: Clock = {
    now: () => now,
    busy: () => busy,
    after: (milliseconds, callback) => {
      const timer = { at: now + milliseconds, callback };
      timers.add(timer);
      return { [Symbol.dispose]: () => timers.delete(timer) };
    },
  };
  const pass = (milliseconds: number): void => {
    const end = now + milliseconds;
    for (;;) {
      const [next] = [...timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      timers.delete(next);
      now = Math.max(now, next.at);
      next.callback();
    }
    now = Math.max(now, end);
  };
  return {
    clock,
    pass,
    /** Time that the task itself takes, and how much of a processor. */
    spend: (milliseconds: number, ofProcessor = milliseconds) => {
      now += milliseconds;
      busy += ofProcessor;
    },
    pending: () => timers.size,
  };
}

function start({
  takes = 0,
  succeeds = (): boolean => true,
  pace = PACE,
  /** Where others keep it waiting. */
  busy,
}: {
  readonly takes?: number;
  readonly succeeds?: () => boolean;
  readonly pace?: Pace;
  readonly busy?: number;
} = {}) {
  const turned = testClock();
  const runs: number[] = [];
  const planned = schedule(
    () => {
      runs.push(turned.clock.now());
      turned.spend(takes, busy);
      return succeeds();
    },
    pace,
    turned.clock,
  );
  return { ...turned, runs, ...planned };
}

it("schedule() sweeps when it is time to, whatever parts were looked at meanwhile", () => {
  const { clock, pass } = testClock();
  const sweeps: number[] = [];
  const planned = schedule(
    (isSweep) => {
      if (!isSweep) return "partly";
      sweeps.push(clock.now());
      return true;
    },
    PACE,
    clock,
  );
  planned.run();
  const [first = 0] = sweeps;
  for (let second = 0; second < 3 * 30; second++) {
    planned.request();
    pass(1000);
  }
  expect(sweeps.map((at) => Math.round((at - first) / 30_000))).toEqual([
    0, 1, 2, 3,
  ]);
});

describe("schedule()", () => {
  it("runs once for many requests, soon", () => {
    const { runs, request, pass } = start();
    for (let n = 0; n < 50; n += 1) request();
    pass(1000);
    expect(runs).toEqual([1100]);
  });

  it("waits for a bunch's first request, not for its last", () => {
    const { runs, request, pass } = start();
    for (let n = 0; n < 30; n += 1) {
      request();
      pass(50);
    }
    expect(runs.length).toBeGreaterThan(1);
    expect(runs[0]).toBe(1100);
  });

  it("does not spin beside a program that changes things all the time", () => {
    const { runs, request, pass, clock } = start({ takes: 200 });
    const change = (): void => {
      request();
      pass(10);
    };
    for (let n = 0; n < 5_000; n += 1) change();
    const [before, from] = [runs.length, clock.now()];
    for (let n = 0; n < 10_000; n += 1) change();
    const share = ((runs.length - before) * 200) / (clock.now() - from);
    expect(share).toBeLessThan(0.11);
    expect(share).toBeGreaterThan(0.08);
  });

  it("is as prompt after a large repair as after a small one", () => {
    const { runs, run, request, pass } = start({ takes: 2000 });
    run();
    pass(1000);
    request();
    pass(100);
    expect(runs).toEqual([1000, 4100]);
  });

  it("is as prompt on a machine that others keep busy", () => {
    const { runs, run, request, pass } = start({ takes: 20_000, busy: 4000 });
    run();
    run();
    pass(1000);
    request();
    pass(100);
    expect(runs).toEqual([1000, 21_000, 42_100]);
  });

  it("sweeps without being asked, and is back soon after a failure", () => {
    let works = false;
    const { runs, run, pass } = start({ succeeds: () => works });
    run();
    pass(5_000);
    works = true;
    pass(65_000);
    expect(runs).toEqual([1000, 6000, 11_000, 41_000, 71_000]);
  });

  it.each([
    { takes: 300, gap: 30_300 },
    { takes: 2_000, gap: 202_000 },
    { takes: 5_000, gap: 305_000 },
  ])(
    "sweeps by at most a hundredth of the time, and within five minutes ($takes ms a run)",
    ({ takes, gap }) => {
      const { runs, run, pass } = start({ takes });
      run();
      pass(gap + 1);
      expect(runs).toEqual([1000, 1000 + gap]);
    },
  );

  it("does nothing any more when it was stopped", () => {
    const { runs, request, run, stop, pass, pending } = start();
    run();
    stop();
    request();
    pass(1e6);
    expect(runs).toEqual([1000]);
    expect(pending()).toBe(0);
  });

  it("runs within settle and rest of any request, whenever it comes", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: 50 }), (waits, takes) => {
        const pace: Pace = { ...PACE, sweep: 1e9, sweepMost: 1e9 };
        const { runs, request, pass, clock } = start({ takes, pace });
        for (const wait of waits) {
          pass(wait);
          const asked = clock.now();
          request();
          pass(pace.settle + pace.rest + takes);
          expect(runs.some((at) => at >= asked)).toBe(true);
        }
      }),
    );
  });
});
