import { type Profiler, Session } from "node:inspector";

/** Tells whether code ran that never ran before, by V8's own counters. */
export interface Coverage {
  /** How many stretches of our code ran for the first time since the last call. */
  novelties(): number;
}

const OURS = /\/(cni|conf|native|plugin)\/[^?]*\.ts$/;

/** Starts counting, block by block. */
export function openCoverage(): Coverage {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", {
    callCount: true,
    detailed: true,
  });
  const seen = new Set<string>();
  const novelties = (): number => {
    const before = seen.size;
    // In the same thread the inspector answers before post() returns.
    session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      for (const stretch of result.flatMap(executed)) seen.add(stretch);
    });
    return seen.size - before;
  };
  return { novelties };
}

/** The names of the stretches of one file that ran. */
function executed({ url, functions }: Profiler.ScriptCoverage): string[] {
  if (!OURS.test(url)) return [];
  return functions
    .flatMap(({ ranges }) => ranges)
    .filter(({ count }) => count > 0)
    .map(({ startOffset, endOffset }) => `${url} ${startOffset} ${endOffset}`);
}
