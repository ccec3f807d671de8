import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Place } from "../../support/namespace.ts";
import { until } from "../../support/until.ts";

/** A recording of what passes an interface. */
export interface Capture {
  /** Ends the recording, with all that passed until now. Throws when packets were missed: a count of 0 would prove nothing. */
  stop(): Promise<Recording>;
}

/** What a capture holds. */
export interface Recording extends Disposable {
  /** How many packets match a filter, such as "esp". */
  count(filter: string): number;
  /** When the packets that match passed, in seconds since 1970. */
  times(filter: string): number[];
  /** The first of the packets that match, one a line. */
  show(filter: string, atMost: number): string;
}

/** Records an interface from now on; returns once tcpdump listens. */
export async function capture(inside: Place, device: string): Promise<Capture> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-capture-"));
  const file = join(folder, "packets.pcap");
  // Headers are enough; a large buffer, for a guest whose one core encrypts at the same time.
  // -Z root: the file lies in a folder that is root's.
  const options = ["-U", "-s", "128", "-B", "32768", "-Z", "root"];
  const child = spawn(
    "nsenter",
    [
      `--net=/run/netns/${inside.name}`,
      "tcpdump",
      "-i",
      device,
      ...options,
      "-w",
      file,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  const exited = new Promise<void>((resolve) => {
    // Not "exit": what it says last may still be on its way then.
    child.once("close", () => {
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      said += part;
      if (said.includes("listening on")) resolve();
    });
    child.once("exit", () => {
      reject(new Error(`Cannot capture on ${device}: ${said}`));
    });
  });
  const stop = async (): Promise<Recording> => {
    await allRead(child, () => said);
    child.kill("SIGINT");
    await exited;
    requireComplete(said);
    return recording(file, folder);
  };
  return { stop };
}

/** How many packets tcpdump has written, and how many the kernel has kept for it, which on lo are twice as many. */
interface Counts {
  readonly captured: number;
  readonly received: number;
}

/** No longer than this do packets wait in the kernel for their block to be full: a second, and what a busy machine adds. */
const BLOCK_MS = 3000;

/**
 * Waits until tcpdump has read what passed before the call. It reads whole blocks, and those that it has not read when it is
 * interrupted are lost: what passed in a last second would be missing, and no count would say so.
 */
async function allRead(child: ChildProcess, said: () => string): Promise<void> {
  const { received } = await countsOf(child, said);
  let last = { captured: -1, at: 0 };
  await until(
    async () => {
      const { captured } = await countsOf(child, said);
      if (captured !== last.captured) last = { captured, at: Date.now() };
      return captured >= received || Date.now() - last.at > BLOCK_MS;
    },
    { limitSeconds: 120, pauseMs: 100, describe: said },
  );
}

/** As tcpdump says them at SIGUSR1. */
async function countsOf(
  child: ChildProcess,
  said: () => string,
): Promise<Counts> {
  const before = said().length;
  const counts = (): RegExpExecArray | null =>
    /(\d+) packets? captured, (\d+) packets? received by filter/.exec(
      said().slice(before),
    );
  child.kill("SIGUSR1");
  await until(() => counts() !== null, { limitSeconds: 60, describe: said });
  const [, captured, received] = counts() ?? [];
  return { captured: Number(captured), received: Number(received) };
}

function requireComplete(said: string): void {
  const [, dropped] =
    [...said.matchAll(/(\d+) packets? dropped by kernel/g)].at(-1) ?? [];
  if (dropped !== "0")
    throw new Error(`Cannot trust the capture: ${said.trim()}`);
}

function recording(file: string, folder: string): Recording {
  const read = (filter: string, ...more: string[]): string => {
    const ran = spawnSync("tcpdump", ["-nn", "-r", file, ...more, filter], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (ran.status === 0) return ran.stdout;
    throw new Error(`Cannot read the capture with "${filter}": ${ran.stderr}`);
  };
  return {
    count: (filter) => Number.parseInt(read(filter, "--count")),
    times: (filter) =>
      read(filter, "-tt", "-q")
        .split("\n")
        .filter(Boolean)
        .map((line) => Number(line.split(" ")[0])),
    show: (filter, atMost) => read(filter, "-c", `${atMost}`).trimEnd(),
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
