import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Long enough for a command, short enough for an event. */
const SHOWN = 60;

/**
 * A process in words that tell an admin what it does: `pid 4711 (crosslink apply)`, `pid 4712 (host-local ADD)`. Other
 * programs' arguments, which may be secret, are left out. Undefined where there is no such process.
 */
export function processName(pid: number): string | undefined {
  const folder = `/proc/${String(pid)}`;
  const path = attempt(() => readlinkSync(`${folder}/exe`));
  const comm = attempt(() => readFileSync(`${folder}/comm`, "utf8").trim());
  const program = path === undefined ? comm : basename(path);
  if (program === undefined) return undefined;
  const isOurs = path === attempt(() => readlinkSync("/proc/self/exe"));
  const word = cniCommand(folder) ?? (isOurs ? firstWord(folder) : "");
  const name = `${program} ${word}`.trim().slice(0, SHOWN);
  return `pid ${String(pid)} (${name})`;
}

function cniCommand(folder: string): string | undefined {
  const environment = attempt(() =>
    readFileSync(`${folder}/environ`, "latin1"),
  );
  return /(?:^|\0)CNI_COMMAND=([A-Z]+)/.exec(environment ?? "")?.[1];
}

function firstWord(folder: string): string {
  const words = attempt(() => readFileSync(`${folder}/cmdline`, "utf8"));
  return words?.split("\0")[1] ?? "";
}

/** A process may end at any moment. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
