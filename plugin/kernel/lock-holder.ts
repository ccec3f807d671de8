import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";

/** Long enough for a command, short enough for an event. */
const SHOWN = 60;

/**
 * Who holds the flock(2) of a file: `pid 4711 (crosslink apply)`. Undefined where nobody can be seen to, as from another
 * PID namespace.
 */
export function lockHolder(file: string, proc = "/proc"): string | undefined {
  const wanted = attempt(() => statSync(file).ino);
  if (wanted === undefined) return undefined;
  const pids = attempt(() => readdirSync(proc)) ?? [];
  const holder = pids.find(
    (pid) =>
      /^\d+$/.test(pid) &&
      Number(pid) !== process.pid &&
      holds(`${proc}/${pid}`, wanted),
  );
  return holder === undefined ? undefined : describe(proc, holder);
}

/** The kernel shows a descriptor's locks in its fdinfo (Documentation/filesystems/proc.rst). */
function holds(folder: string, inode: number): boolean {
  const lock = new RegExp(`^lock:.*FLOCK.*:${String(inode)} `, "m");
  const descriptors = attempt(() => readdirSync(`${folder}/fdinfo`)) ?? [];
  return descriptors.some((fd) =>
    lock.test(
      attempt(() => readFileSync(`${folder}/fdinfo/${fd}`, "utf8")) ?? "",
    ),
  );
}

/** The program, and of one of ours its command; of others' words none, which may be secret. */
function describe(proc: string, pid: string): string {
  const folder = `${proc}/${pid}`;
  const program = basename(attempt(() => readlinkSync(`${folder}/exe`)) ?? "?");
  const words = (
    attempt(() => readFileSync(`${folder}/cmdline`, "utf8")) ?? ""
  ).split("\0");
  const call = /(?:^|\0)CNI_COMMAND=([A-Z]+)/.exec(
    attempt(() => readFileSync(`${folder}/environ`, "utf8")) ?? "",
  )?.[1];
  const isOurs = program.startsWith("crosslink");
  const command = isOurs ? (call ?? words[1] ?? "") : "";
  const name = `${program} ${command}`.trim().slice(0, SHOWN);
  return `pid ${pid} (${name})`;
}

/** A process may end at any moment. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
