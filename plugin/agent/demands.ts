import type { Pace, Times } from "./pace.ts";

/**
 * What a run is for: "sweep" comes unasked; "asked" is for all that was asked for; "files" follows files alone: where nothing else
 * was asked for, or has to wait for its share.
 */
export type Occasion = "sweep" | "asked" | "files";

/** What is asked of a schedule, and from when on it may be done. All in milliseconds. */
export interface Demands {
  readonly ask: (by?: "files") => void;
  /** When what is asked for may be done, from that time on; Infinity where nothing is. */
  readonly next: (from: number) => number;
  /** What a run at that time is for, which serves it. */
  readonly serve: (now: number, sweepAt: number) => Occasion;
  /** A run took so much of the share; `hasFailed` where nothing could be followed by it. */
  readonly spend: (
    cost: number,
    run: Times & { readonly hasFailed: boolean },
  ) => void;
}

/**
 * What files ask for waits for no share, unless the last run failed; all else waits where runs have taken more than theirs.
 *
 * @param began when the share began to count
 */
export function demandsOn({ share, burst }: Pace, began: number): Demands {
  const asked = { byFiles: false, otherwise: false };
  let debt = 0;
  let lastEnded = began;
  let isFutile = false;
  const fullAt = (): number => lastEnded + (debt - burst) / share;
  return {
    ask: (by) => {
      asked[by === "files" ? "byFiles" : "otherwise"] = true;
    },
    next: (from) => {
      if (asked.byFiles && !isFutile) return from;
      const isAsked = asked.byFiles || asked.otherwise;
      return isAsked ? Math.max(from, fullAt()) : Infinity;
    },
    serve: (now, sweepAt) => {
      const isRestPutOff = !asked.otherwise || now < fullAt();
      const follows = now < sweepAt && asked.byFiles && isRestPutOff;
      asked.byFiles = false;
      if (follows) return "files";
      asked.otherwise = false;
      return now < sweepAt ? "asked" : "sweep";
    },
    spend: (cost, { started, ended, hasFailed }) => {
      isFutile = hasFailed;
      debt = Math.max(0, debt - (started - lastEnded) * share) + cost;
      lastEnded = ended;
    },
  };
}
