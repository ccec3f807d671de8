/** Runs programs one after the other, as a container runtime would, in the network namespace that it was started in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { runtimeProgram } from "./runtime/build.ts";

/** One program to run. */
export interface Run {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** How it went. */
export interface Ran {
  readonly milliseconds: number;
  readonly status: number;
  readonly stdout: string;
}

/** A process inside a network namespace that runs programs there. */
export interface Worker extends AsyncDisposable {
  readonly run: (run: Run) => Promise<Ran>;
}

/** Starts a worker. Entering the namespace then costs nothing at each run. */
export function startWorker(netns: string): Worker {
  const child = spawn("ip", ["netns", "exec", netns, runtimeProgram()], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    run: async (run) => {
      child.stdin.write(`${JSON.stringify(run)}\n`);
      const { value, done } = await answers.next();
      if (done === true)
        throw new Error(`Cannot measure ${run.program}: its runner has died`);
      return JSON.parse(value) as Ran;
    },
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, "exit");
      child.stdin.end();
      await gone;
    },
  };
}
