import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BinaryCall, callBinary, type Ended } from "./call.ts";
import { type Moment, momentOf } from "./moment.ts";
import type { FaultSite } from "./site.ts";

/** What a program does with its own memory, threads and signals. Their number differs from run to run. */
const OF_ITS_OWN =
  /^(futex|mmap|munmap|madvise|mprotect|brk|rt_sig.*|getpid|sched_.*|clock_nanosleep)$/;

/** Where Node's start ends and ours begins: the search for the addon. */
const OURS_BEGINS = ".crosslink-";

/** libuv's threads wake each other by an eventfd. No kernel lets that fail, and libuv aborts where it does. */
const WAKE_UP = /^(read|write)\(\d+, ("\\1\\0|0x\w+, 1024\))/;

let traces = 0;

/** Runs a call undisturbed; gives all system calls that it makes once it has started, but those of its own. */
export async function momentsOf(
  site: FaultSite,
  call: BinaryCall,
): Promise<Moment[]> {
  const counts = new Map<string, number>();
  const moments: Moment[] = [];
  let begun = false;
  for (const line of await linesOf(site, call)) {
    const [, systemCall] = /^(\w+)\(/.exec(line) ?? [];
    if (systemCall === undefined) continue;
    const nth = (counts.get(systemCall) ?? 0) + 1;
    counts.set(systemCall, nth);
    begun ||= line.includes(OURS_BEGINS);
    if (begun && !OF_ITS_OWN.test(systemCall))
      moments.push(momentOf(systemCall, nth, line));
  }
  return moments;
}

/** Runs a call undisturbed; gives strace's lines of its main thread. */
export async function linesOf(
  site: FaultSite,
  call: BinaryCall,
): Promise<string[]> {
  const { trace } = await callTraced(site, call, []);
  return trace.split("\n");
}

/** Runs a call with a fault, in strace's words (`signal=KILL`, `error=ENOBUFS`); undefined where it never came to that moment. */
export async function callStruck(
  site: FaultSite,
  call: BinaryCall,
  {
    systemCall,
    nth,
    fault,
  }: Pick<Moment, "systemCall" | "nth"> & { fault: string },
): Promise<Ended | undefined> {
  const { ended, trace } = await callTraced(site, call, [
    ...["-e", `trace=${systemCall}`],
    ...["-e", `inject=${systemCall}:${fault}:when=${nth}`],
  ]);
  const struck = trace.split("\n").find((line) => line.includes("(INJECTED)"));
  if (struck === undefined)
    return ended.signal === "SIGKILL" ? ended : undefined;
  return WAKE_UP.test(struck) ? undefined : ended;
}

/** The main thread does all the work, so that only it is traced. */
async function callTraced(
  site: FaultSite,
  call: BinaryCall,
  options: readonly string[],
): Promise<{ readonly ended: Ended; readonly trace: string }> {
  const file = join(site.folder, `trace-${traces++}`);
  const through = ["strace", "-qqq", "-o", file, ...options];
  const ended = await callBinary(site, { ...call, through });
  const trace = readFileSync(file, "utf8");
  rmSync(file);
  return { ended, trace };
}
