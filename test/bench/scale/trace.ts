import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Run, Worker } from "../worker.ts";

/** What a program asked of the kernel. */
export interface Calls {
  readonly systemCalls: number;
  /** Both ways, in bytes. */
  readonly netlinkBytes: number;
}

/** Has the program run once more, under strace. Throws where that fails. */
export async function countCalls(
  worker: Worker,
  run: Run,
  folder: string,
): Promise<Calls> {
  const file = join(folder, "strace");
  const ran = await worker.run({
    ...run,
    program: "/usr/bin/strace",
    // -yy names the protocol of each socket.
    arguments: [
      "-f",
      "-yy",
      "-s0",
      "-o",
      file,
      run.program,
      ...(run.arguments ?? []),
    ],
  });
  if (ran.status !== 0)
    throw new Error(`Cannot count system calls: exit code ${ran.status}`);
  return readTrace(readFileSync(file, "utf8"));
}

/** Counts in what strace wrote: a line a call, those that another thread came between in two. */
export function readTrace(text: string): Calls {
  let [systemCalls, netlinkBytes] = [0, 0];
  for (const line of text.split("\n")) {
    if (!/^\d+ +\w+\(/.test(line)) continue;
    systemCalls += 1;
    if (line.includes("NETLINK:") && /^\d+ +(?:send|recv)/.test(line))
      netlinkBytes += Math.max(0, Number(/ = (\d+)/.exec(line)?.[1] ?? 0));
  }
  return { systemCalls, netlinkBytes };
}
