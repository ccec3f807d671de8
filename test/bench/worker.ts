/** Runs programs one after the other, as a container runtime would, in the network namespace that it was started in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { asking } from "./question.ts";
import { runtimeProgram } from "./runtime/build.ts";

/** One program to run. */
export interface Run {
  readonly program: string;
  readonly arguments?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** How it went. */
export interface Ran {
  readonly milliseconds: number;
  /** Milliseconds of processor time, user's and system's together. */
  readonly busy: number;
  /** Largest resident set, in kilobytes of 1,024 bytes. */
  readonly peak: number;
  readonly status: number;
  readonly stdout: string;
}

/** A process inside a network namespace that runs programs there. */
export interface Worker extends AsyncDisposable {
  readonly run: (run: Run) => Promise<Ran>;
}

/** What crosslink leaves for later calls lies here, and what it remembers of its node beyond a reboot. */
const STATE_FOLDERS = ["/run/crosslink", "/var/lib/crosslink"];

/** `ip netns exec` has given it mounts of its own. */
const OWN_STATE = [
  ...STATE_FOLDERS.map(
    (folder) => `mount -t tmpfs -o mode=0700 tmpfs ${folder}`,
  ),
  'exec "$0"',
].join(" && ");

/**
 * Starts a worker. Entering the namespace then costs nothing at each run.
 *
 * It has state folders of its own, as every node has: what one node's calls leave there for later ones would else be
 * overwritten by the next node's, and a memory of hundreds of nodes, as tests leave one behind, takes longer to read.
 */
export function startWorker(netns: string): Worker {
  for (const folder of STATE_FOLDERS)
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const within = ["netns", "exec", netns, "sh", "-c", OWN_STATE];
  const child = spawn("ip", [...within, runtimeProgram()], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ask = asking(child);
  return {
    run: async (run) => {
      const ran = await ask(JSON.stringify(run));
      if (ran === undefined)
        throw new Error(`Cannot measure ${run.program}: its runner has died`);
      return JSON.parse(ran) as Ran;
    },
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, "exit");
      child.stdin.end();
      await gone;
    },
  };
}
