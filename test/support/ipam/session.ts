// Plays steps, given as JSON, and prints what each gave. For stores on
// file systems of their own, in a mount namespace that ends with this process.
import { execFileSync } from "node:child_process";
import { type Answer, type Call, callHandlers } from "./call.ts";
import { readStore } from "./store.ts";

/** A call of our handlers, or a shell command. */
export type Step = Call | string;

/** What a step gave, and the store's files after it. */
export interface Outcome {
  readonly answer: Answer;
  readonly files: Readonly<Record<string, string>>;
}

/** Plays steps on a network's folder in a new mount namespace, where `prepare` has run before. */
export function playApart(
  prepare: string,
  directory: string,
  steps: readonly Step[],
): readonly Outcome[] {
  const script = `set -e; ${prepare}; exec "$@"`;
  const args = [
    process.execPath,
    import.meta.filename,
    directory,
    JSON.stringify(steps),
  ];
  const text = execFileSync(
    "unshare",
    ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...args],
    { encoding: "utf8" },
  );
  return JSON.parse(text) as readonly Outcome[];
}

function play(step: Step, directory: string): Outcome {
  if (typeof step !== "string") {
    const answer = callHandlers(step);
    return { answer, files: readStore(directory) };
  }
  execFileSync("sh", ["-c", step]);
  return { answer: { code: 0 }, files: readStore(directory) };
}

if (process.argv[1] === import.meta.filename) {
  const [directory = "", steps = "[]"] = process.argv.slice(2);
  const outcomes = (JSON.parse(steps) as readonly Step[]).map((step) =>
    play(step, directory),
  );
  process.stdout.write(JSON.stringify(outcomes));
}
