import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { loop } from "../../../../plugin/ike/loop.ts";

/** A task that takes so long each time, and when its runs began and ended. */
function task(tookMs: number) {
  const runs: { readonly began: number; ended: number }[] = [];
  const looking = loop(async () => {
    const run = { began: performance.now(), ended: Infinity };
    runs.push(run);
    await sleep(tookMs);
    run.ended = performance.now();
    return undefined;
  });
  return { runs, ...looking };
}

describe("loop()", () => {
  it("serves all that happens at a time by one run", async () => {
    const { runs, wake, stop } = task(1);
    for (let i = 0; i < 20; i += 1) wake();
    await expect.poll(() => runs.length).toBe(1);
    await sleep(500);
    expect(runs).toHaveLength(1);
    stop();
  });

  it("never runs twice at once, and after a long run leaves as much time to others", async () => {
    const { runs, wake, stop } = task(700);
    const waking = setInterval(wake, 50);
    await expect.poll(() => runs.length, { timeout: 10_000 }).toBe(3);
    clearInterval(waking);
    stop();
    const pauses = runs.slice(1).map(({ began }, i) => began - runs[i]!.ended);
    for (const pause of pauses) expect(pause).toBeGreaterThan(650);
  });
});
