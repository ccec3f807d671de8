import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something holds. The limit is generous: it ends a test that would never end, and times nothing. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { limitSeconds = 30, describe = () => "it does not hold" } = {},
): Promise<void> {
  const deadline = Date.now() + limitSeconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`Waited for ${limitSeconds} s in vain: ${describe()}`);
    await sleep(20);
  }
}
