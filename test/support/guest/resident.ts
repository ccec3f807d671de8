import { type Booter, booter } from "./booter.ts";
import type { Guest, GuestOptions, Scene } from "./guest.ts";
import type { Ended, OnOutput } from "./lane.ts";

/** A scene, and what guest it is for. */
export interface Request extends Scene {
  /** Asks for a guest of the scene's own, with these modules and no others loaded; else it shares one. */
  readonly modules?: readonly string[];
}

/** A guest that is there when it is needed. */
export interface Resident extends Disposable {
  /** Begins to boot the one that scenes share, for those that will need it; what is wrong with it, `run` says. */
  readonly prepare: () => void;
  readonly run: (request: Request, onOutput?: OnOutput) => Promise<Ended>;
}

/** One guest for many scenes: boots with the first, ends with the last, and boots anew after a scene that hung it. */
export function residentGuest(
  shared: GuestOptions,
  start: Booter = booter(),
): Resident {
  let guest: Promise<Guest> | undefined;
  const current = async (): Promise<Guest> => {
    guest ??= start(shared);
    const booting = guest;
    const booted = await booting.catch((error: unknown) => {
      if (guest === booting) guest = undefined;
      throw error;
    });
    if (booted.alive()) return booted;
    if (guest === booting) guest = undefined;
    booted[Symbol.dispose]();
    return current();
  };
  return {
    prepare: () => {
      void current().catch(() => undefined);
    },
    run: async ({ modules, ...scene }, onOutput) => {
      if (modules === undefined) return (await current()).run(scene, onOutput);
      using own = await start({ ...shared, modules });
      return await own.run(scene, onOutput);
    },
    [Symbol.dispose]: () => {
      void guest?.then(
        (booted) => {
          booted[Symbol.dispose]();
        },
        () => undefined,
      );
    },
  };
}
