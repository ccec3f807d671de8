import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until something holds. The limit is generous: it ends a test that would never end, and times
 * nothing; but it is shorter than the agent's slow sweep, which must not pass for anything else.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  {
    limitSeconds = 20,
    pauseMs = 20,
    describe = (): string => "it does not hold",
  }: { limitSeconds?: number; pauseMs?: number; describe?: () => string } = {},
): Promise<void> {
  const deadline = performance.now() + limitSeconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`Waited for ${limitSeconds} s in vain: ${describe()}`);
    await sleep(pauseMs);
  }
}
