import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, type Lane, type OnOutput, openLane } from "./lane.ts";
import { type Accelerator, machineCommand } from "./machine.ts";
import { IPSEC_MODULES } from "./modules.ts";

/** What to run in a guest, and how long at most. */
export interface Scene {
  readonly command: readonly string[];
  /** Its whole environment, but for `PATH` and `HOME`, which have defaults. */
  readonly environment?: Readonly<Record<string, string>>;
  /** It is killed then, with all that it has started. */
  readonly seconds: number;
}

/** How a guest is made. */
export interface GuestOptions {
  /** Kernel modules that it loads first; `IPSEC_MODULES` unless said otherwise. */
  readonly modules?: readonly string[];
  /** 2048 unless said otherwise; files that scenes write live in it too, and the host gives only what is used. */
  readonly megabytes?: number;
  /** Ends it, ready or not. */
  readonly signal?: AbortSignal;
  /**
   * Gives it a network device by which it finds the host's loopback at 10.0.2.2 (QEMU's user network), and its scenes no
   * network of their own: they share the guest's.
   */
  readonly network?: boolean;
}

/** A machine with a kernel of its own, over the host's files. */
export interface Guest extends Disposable {
  readonly accelerator: Accelerator;
  /** False once it has ended, or hung and been ended. */
  readonly alive: () => boolean;
  /**
   * Runs a command in namespaces of its own (see room.sh), in turn where more than three run already. It sees every file
   * of the host, may write anywhere and changes nothing; it has no network but what it makes. Throws where the guest
   * ends or hangs meanwhile, with the scene's output and the console's.
   */
  readonly run: (scene: Scene, onOutput?: OnOutput) => Promise<Ended>;
}

/** How many scenes run at the same time. Most of a scene is waiting. */
const LANES = 3;

/** A scene is ended by the guest; where this much later it has not, the guest hangs. */
const GRACE_SECONDS = 30;

/** Boots a guest; throws with its console where it is not ready in time. */
export async function boot(
  accelerator: Accelerator,
  seconds: number,
  {
    modules = IPSEC_MODULES,
    megabytes = 2048,
    network = false,
    signal,
  }: GuestOptions = {},
): Promise<Guest> {
  const folder = mkdtempSync(join(tmpdir(), "guest-"));
  writeFileSync(
    join(folder, "modules"),
    modules.map((name) => `${name}\n`).join(""),
  );
  const lanes = Array.from({ length: LANES }, (_, index) =>
    openLane(join(folder, `lane${index}`)),
  );
  const machine = startMachine(
    machineCommand(folder, { accelerator, megabytes, network, lanes: LANES }),
  );
  const dispose = () => {
    machine.end();
    for (const lane of lanes) lane[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  signal?.addEventListener("abort", dispose, { once: true });
  try {
    await machine.ready(seconds);
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    accelerator,
    alive: machine.alive,
    run: inTurn(lanes, folder, machine),
    [Symbol.dispose]: dispose,
  };
}

interface Machine {
  readonly alive: () => boolean;
  readonly end: () => void;
  readonly ready: (seconds: number) => Promise<void>;
  /** What its console has shown so far. */
  readonly console: () => string;
}

function startMachine(command: readonly string[]): Machine {
  // Several processes: a group of their own lets one signal end all. Where this one is killed, the kernel sends it.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", ...command], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let shown = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (shown += text));
  let isEnded = false;
  const end = () => {
    isEnded = true;
    process.off("exit", end);
    if (isAlive(child) && child.pid !== undefined)
      process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", end);
  return {
    alive: () => !isEnded && isAlive(child),
    end,
    console: () => shown,
    ready: (seconds) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => {
          reject(
            new Error(`Cannot start a guest: ${why}; its console:\n${shown}`),
          );
        };
        const timer = setTimeout(
          fail,
          seconds * 1000,
          `it was not ready in ${seconds} s`,
        );
        child.once("error", ({ message }) => {
          fail(message);
        });
        child.once("close", () => {
          clearTimeout(timer);
          fail("it ended");
        });
        child.stdout.on("data", () => {
          if (!shown.includes("[ready]")) return;
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

function isAlive(child: ChildProcess): boolean {
  return (
    child.exitCode === null &&
    child.signalCode === null &&
    child.pid !== undefined
  );
}

function inTurn(
  lanes: readonly Lane[],
  folder: string,
  machine: Machine,
): Guest["run"] {
  const free = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  let made = 0;
  const take = () => {
    const lane = free.pop();
    return lane === undefined
      ? new Promise<Lane>((resolve) => waiting.push(resolve))
      : Promise.resolve(lane);
  };
  const giveBack = (lane: Lane) => {
    const next = waiting.shift();
    if (next === undefined) free.push(lane);
    else next(lane);
  };
  return async (scene, onOutput = () => undefined) => {
    const name = `scene${made++}`;
    writeFileSync(join(folder, name), commandFile(scene));
    const lane = await take();
    // Where it hangs it takes the guest with it: that the lane is gone then says so to all that run there.
    const hung = setTimeout(
      machine.end,
      (scene.seconds + GRACE_SECONDS) * 1000,
    );
    try {
      return await lane.run(name, scene.seconds, onOutput);
    } catch (error) {
      // A guest that has lost a lane is no guest any more, though its process may be there for a moment.
      machine.end();
      throw new Error(
        `${(error as Error).message}\nIts console:\n${machine.console()}`,
        { cause: error },
      );
    } finally {
      clearTimeout(hung);
      giveBack(lane);
    }
  };
}

/** As room.sh reads it. */
export function commandFile({
  command,
  environment,
}: Omit<Scene, "seconds">): string {
  const all = {
    PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    ...environment,
  };
  const assignments = Object.entries(all).map(
    ([name, value]) => `${name}=${value}`,
  );
  return [...assignments, ...command, ""].join("\0");
}
