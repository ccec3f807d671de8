import type { Meanwhile } from "../node/refresh.ts";
import type { Changes } from "./changes.ts";
import type { Occasion } from "./demands.ts";

/** Whether looks are at the whole node, or at what the files have changed. */
export interface LookKinds extends Meanwhile {
  /**
   * What the next look is for: a sweep is at the whole node, whatever happened; one that follows files is at what they have changed
   * where it can be, and what else happened is put off.
   */
  readonly begin: (occasion: Occasion) => void;
  /** Whether something is put off that a whole look is for. */
  readonly isOwed: () => boolean;
  /** What the last one was: true for a whole one. */
  readonly last: () => true | "partly";
}

/** The first look is at the whole node. */
export function lookKinds({
  wasTouched,
}: Pick<Changes, "wasTouched">): LookKinds {
  let isOwed = false;
  let isPutOff = false;
  let last: true | "partly" = true;
  return {
    begin: (occasion) => {
      if (occasion === "sweep") isOwed = true;
      isPutOff = occasion === "files";
    },
    isOwed: () => isOwed,
    last: () => last,
    next: () => {
      isOwed = wasTouched() || isOwed;
      const behind = isPutOff;
      isPutOff = false;
      if (!isOwed) return "changed";
      return behind ? "changed behind the fence" : "whole";
    },
    looked: (partly) => {
      if (!partly) isOwed = false;
      last = partly ? "partly" : true;
    },
  };
}
