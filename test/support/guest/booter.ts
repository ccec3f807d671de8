import { existsSync } from "node:fs";
import { boot, type Guest, type GuestOptions } from "./guest.ts";

/** Boots a guest by the fastest accelerator that works here. */
export type Booter = (options?: GuestOptions) => Promise<Guest>;

/** Where KVM works, a guest is ready in a few seconds; where it does not, it may hang, abort, or say nothing at all. */
const KVM_SECONDS = 20;

/** Emulated it takes 8 seconds on an idle machine; a busy one is given its time. */
const EMULATED_SECONDS = 180;

/**
 * Remembers what it finds out: that `/dev/kvm` is there says little, so KVM is what the first guest tries, and what
 * none does any more where that one has not come to its init.
 */
export function booter(
  start: typeof boot = boot,
  hasKvm = existsSync("/dev/kvm"),
): Booter {
  let kvm = hasKvm ? undefined : Promise.resolve(false);
  return async (options) => {
    if (kvm === undefined) {
      const first = start("kvm", KVM_SECONDS, options);
      kvm = first.then(
        () => true,
        () => false,
      );
      if (await kvm) return first;
    }
    return (await kvm)
      ? start("kvm", EMULATED_SECONDS, options)
      : start("tcg", EMULATED_SECONDS, options);
  };
}
