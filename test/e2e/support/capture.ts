import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Place } from "../../support/namespace.ts";

/** A recording of what passes an interface. */
export interface Capture {
  /** Ends the recording. Throws when packets were missed: a count of 0 would prove nothing. */
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
    child.kill("SIGINT");
    await exited;
    requireComplete(said);
    return recording(file, folder);
  };
  return { stop };
}

function requireComplete(said: string): void {
  const [, dropped] = /(\d+) packets? dropped by kernel/.exec(said) ?? [];
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
