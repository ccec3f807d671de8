import { spawnSync } from "node:child_process";
import type { Call, Program } from "./call.ts";
import { cniEnvironment } from "../binary.ts";

/** The system calls by which the IPAM helper touches files. */
const SYSTEM_CALLS =
  "mkdir,openat,flock,statx,getdents64,newfstatat,pread64,read,write,close,link,unlink,rename,fsync,utimensat,symlink";

/** One moment in a program's run: before its `nth` call of a kind that names one of the paths. */
interface Moment {
  readonly systemCall: string;
  readonly nth: number;
}

/**
 * Runs a plugin again and again, each time killing it before another one of its system calls on `paths`.
 *
 * @param prepare called before each run; returns the call and the paths
 * @param look called after each kill
 * @returns how often it was killed
 */
export function killEverywhere(
  program: Program,
  prepare: () => { readonly call: Call; readonly paths: readonly string[] },
  look: () => void,
): number {
  let kills = 0;
  for (const systemCall of SYSTEM_CALLS.split(",")) {
    for (let nth = 1; ; nth++) {
      const { call, paths } = prepare();
      if (!isKilled({ systemCall, nth }, paths, program, call)) break;
      kills++;
      look();
    }
  }
  return kills;
}

/** Whether the program came to that moment. strace kills it on entry to the call, which then does nothing. */
function isKilled(
  { systemCall, nth }: Moment,
  paths: readonly string[],
  [file, ...args]: Program,
  call: Call,
): boolean {
  const { status, signal, error } = spawnSync(
    "strace",
    [
      ...["-f", "-qqq", "-o", "/dev/null"],
      ...paths.flatMap((path) => ["-P", path]),
      ...["-e", `inject=${systemCall}:signal=KILL:when=${nth}`],
      file,
      ...args,
    ],
    {
      env: cniEnvironment(call.command, { containerId: call.id ?? "" }),
      input: JSON.stringify(call.config),
      encoding: "utf8",
    },
  );
  if (error) throw error;
  return signal === "SIGKILL" || status === 137;
}
