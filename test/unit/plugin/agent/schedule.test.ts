import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PACE, type Pace } from "../../../../plugin/agent/pace.ts";
import { type Clock, schedule } from "../../../../plugin/agent/schedule.ts";

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
    (occasion) => {
      if (occasion !== "sweep") return "partly";
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

describe("schedule() where files ask", () => {
  /** A node that follows files by looks of that length at what they changed alone, and at all otherwise. */
  function followed({
    partly,
    whole,
  }: {
    readonly partly: number;
    readonly whole: number;
  }) {
    const turned = testClock();
    const { clock, spend } = turned;
    const runs: { at: number; occasion: string; took: number }[] = [];
    let isTouched = false;
    const planned = schedule(
      (occasion) => {
        const isPart =
          occasion === "files" || (occasion === "asked" && !isTouched);
        const took = isPart ? partly : whole;
        runs.push({ at: clock.now(), occasion, took });
        spend(took);
        if (isPart) return "partly";
        isTouched = false;
        return true;
      },
      PACE,
      clock,
    );
    const touch = (): void => {
      isTouched = true;
      planned.request();
    };
    const churn = (seconds: number, doing: () => void): void => {
      const end = clock.now() + seconds * 1000;
      while (clock.now() < end) {
        doing();
        turned.pass(100);
      }
    };
    return { ...turned, ...planned, runs, touch, churn };
  }

  const gaps = (runs: readonly { at: number; took: number }[]): number[] =>
    runs.slice(1).map(({ at }, index) => {
      const { at: before = 0, took = 0 } = runs[index] ?? {};
      return at - before - took;
    });

  it("keeps following them, whatever that takes, and rests a third of the time", () => {
    const { runs, run, request, churn } = followed({
      partly: 1000,
      whole: 5000,
    });
    run();
    run();
    churn(120, () => {
      request("files");
    });
    const following = runs.slice(3);
    expect(following.length).toBeGreaterThan(120 / 1.7);
    expect(Math.max(...gaps(following))).toBeLessThanOrEqual(600);
    expect(Math.min(...gaps(following))).toBeGreaterThanOrEqual(500);
  });

  it("follows them though what else is asked for has used up its share, and pays for that alone", () => {
    const { runs, request, touch, churn, clock } = followed({
      partly: 100,
      whole: 2000,
    });
    churn(60, touch);
    const from = clock.now();
    churn(300, () => {
      touch();
      request("files");
    });
    const later = runs.filter(({ at }) => at >= from);
    const wholes = later.filter(({ took }) => took === 2000);
    expect(Math.max(...gaps(later))).toBeLessThanOrEqual(600);
    expect(new Set(later.map(({ occasion }) => occasion))).toEqual(
      new Set(["files", "asked"]),
    );
    const share = (wholes.length * 2000) / (clock.now() - from);
    expect(share).toBeLessThan(0.12);
    expect(share).toBeGreaterThan(0.06);
  });

  it("does not forget what it put off", () => {
    const { runs, request, touch, churn, pass } = followed({
      partly: 100,
      whole: 2000,
    });
    churn(60, touch);
    touch();
    request("files");
    pass(1000);
    expect(runs.at(-1)).toMatchObject({ occasion: "files" });
    pass(25_000);
    expect(runs.at(-1)).toMatchObject({ occasion: "asked", took: 2000 });
  });

  it("counts looks at all that files ask for, and waits for none of them", () => {
    const { runs, run, request, churn } = followed({
      partly: 100,
      whole: 4000,
    });
    for (let n = 0; n < 10; n += 1) run();
    churn(20, () => {
      request("files");
    });
    expect(Math.max(...gaps(runs.slice(-30)))).toBeLessThanOrEqual(600);
  });

  it("does not keep trying files that cannot be followed", () => {
    const { runs, request, pass } = start({
      takes: 2000,
      succeeds: () => false,
    });
    for (let n = 0; n < 100; n += 1) {
      request("files");
      pass(1000);
    }
    const later = runs.slice(-5);
    const between = later.slice(1).map((at, index) => at - later[index]!);
    expect(Math.min(...between)).toBeGreaterThanOrEqual(7000);
  });

  it("rests after a run in whose midst it was asked", () => {
    const turned = testClock();
    const runs: number[] = [];
    const planned = schedule(
      () => {
        runs.push(turned.clock.now());
        if (runs.length < 3) planned.request("files");
        turned.spend(200);
        return true;
      },
      PACE,
      turned.clock,
    );
    planned.run();
    turned.pass(3000);
    expect(runs).toEqual([1000, 1700, 2400]);
  });
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
