import type { Meanwhile } from "../node/refresh.ts";
import type { Changes } from "./changes.ts";

/** Whether looks are at the whole node, or at what the files have changed. */
export interface LookKinds extends Meanwhile {
  /** The next look is at the whole node, whatever happened. */
  readonly wantWhole: () => void;
  /** What the last one was: true for a whole one. */
  readonly last: () => true | "partly";
}

/** The first look is at the whole node. */
export function lookKinds({
  wasTouched,
}: Pick<Changes, "wasTouched">): LookKinds {
  let isWhole = false;
  let last: true | "partly" = true;
  return {
    wantWhole: () => {
      isWhole = true;
    },
    last: () => last,
    isUntouched: () => {
      const untouched = !wasTouched() && !isWhole;
      isWhole = false;
      return untouched;
    },
    looked: (partly) => {
      last = partly ? "partly" : true;
    },
  };
}
