/** Runs programs one after the other, as a container runtime would, in the network namespace that it was started in. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** One program to run. */
export interface Run {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** How it went. */
export interface Ran {
  readonly milliseconds: number;
  readonly status: number | null;
  readonly stdout: string;
}

/** A process inside a network namespace that runs programs there. */
export interface Worker extends AsyncDisposable {
  readonly run: (run: Run) => Promise<Ran>;
}

/** Starts a worker. Entering the namespace then costs nothing at each run. */
export function startWorker(netns: string): Worker {
  const self = [process.execPath, import.meta.filename];
  const child = spawn("ip", ["netns", "exec", netns, ...self], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const died = once(child, "exit").then(() => {
    throw new Error("The process that measures has died");
  });
  // Nobody listens between runs.
  died.catch(() => undefined);
  return {
    run: async (run) => {
      child.send(run);
      const answer = once(child, "message") as Promise<[Ran]>;
      const [ran] = await Promise.race([answer, died]);
      return ran;
    },
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, "exit");
      child.disconnect();
      await gone;
    },
  };
}

function measure({ program, environment, stdin }: Run): Ran {
  const started = performance.now();
  const { status, stdout, error } = spawnSync(program, {
    env: environment,
    input: stdin,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const milliseconds = performance.now() - started;
  // A program that answers without reading all of its stdin is no failure.
  if (error !== undefined && !("code" in error && error.code === "EPIPE"))
    throw error;
  return { milliseconds, status, stdout };
}

if (import.meta.main)
  process.on("message", (run: Run) => process.send?.(measure(run)));
