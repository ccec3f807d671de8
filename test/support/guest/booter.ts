import { existsSync } from "node:fs";
import type { Accelerator } from "./machine.ts";
import { boot, type Guest, type GuestOptions } from "./guest.ts";

/** Boots a guest by the fastest accelerator that works here. */
export type Booter = (options?: GuestOptions) => Promise<Guest>;

/** Emulated it takes 8 seconds on an idle machine; a busy one is given its time. */
const SECONDS = 180;

/**
 * Remembers what it finds out: that `/dev/kvm` is there says little, since a guest by it may hang or abort. So the first
 * guest is started by both, and whichever comes to its init first is taken, as are guests of its kind from then on: where
 * KVM works, it is several times as fast, and where it does not, nobody has waited for it.
 */
export function booter(
  start: typeof boot = boot,
  hasKvm = existsSync("/dev/kvm"),
): Booter {
  let faster: Promise<Accelerator> | undefined = hasKvm
    ? undefined
    : Promise.resolve("tcg");
  return async (options) => {
    if (faster !== undefined) return start(await faster, SECONDS, options);
    const first = race(start, options);
    faster = first.then(
      ({ accelerator }) => accelerator,
      () => "tcg",
    );
    return first;
  };
}

async function race(
  start: typeof boot,
  options: GuestOptions = {},
): Promise<Guest> {
  const runners = (["kvm", "tcg"] as const).map((accelerator) => {
    const stop = new AbortController();
    const { signal } = stop;
    const guest = start(accelerator, SECONDS, { ...options, signal });
    return { accelerator, stop, guest };
  });
  try {
    const first = await Promise.any(runners.map(({ guest }) => guest));
    for (const { accelerator, stop } of runners)
      if (accelerator !== first.accelerator) stop.abort();
    return first;
  } catch (error) {
    // Why the emulated one did not come up says more.
    throw (error as AggregateError).errors.at(-1);
  }
}
