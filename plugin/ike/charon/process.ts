import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type CharonPlaces, charonConfiguration } from "./configuration.ts";
import { makeFolder } from "../../../files/folder.ts";

/** Debian and Ubuntu: package charon-systemd. It needs no systemd that runs, and writes no file of its own. */
export const CHARON = "/usr/sbin/charon-systemd";

/** A charon that runs. */
export interface Charon {
  readonly pid: number | undefined;
  /** Asks it to end, and makes it end where it does not: it tells its peers, and takes its SAs along. */
  readonly stop: () => void;
  /** Ends it at once: one that hangs would not hear a question. */
  readonly kill: () => void;
}

/** Who hears of it. */
interface CharonListener {
  readonly line: (text: string) => void;
  /** It has ended, or could not be started. */
  readonly end: (reason: string) => void;
}

/** How long it may take to tell its peers that it ends, in milliseconds. */
const FAREWELL_MS = 5_000;

/** Whether charon is installed. */
export function isInstalled(): boolean {
  return existsSync(CHARON);
}

/** Writes its configuration and starts it, in this process's network namespace. Throws what writing throws. */
export function startCharon(
  places: CharonPlaces,
  { line, end }: CharonListener,
): Charon {
  makeFolder(places.folder, 0o700);
  writeFileSync(places.configuration, charonConfiguration(places), {
    mode: 0o600,
  });
  rmSync(places.viciSocket, { force: true });
  // The kernel ends it with this process, however that ends: an agent that was killed leaves no daemon behind.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", CHARON], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      STRONGSWAN_CONF: places.configuration,
    },
  });
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", line);
  let isOver = false;
  const finish = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    end(reason);
  };
  child.once("error", (error) => {
    finish(error.message);
  });
  child.once("exit", (code, signal) => {
    finish(signal === null ? `exit code ${String(code)}` : signal);
  });
  return {
    pid: child.pid,
    stop: () => {
      stop(child);
    },
    kill: () => {
      child.kill("SIGKILL");
    },
  };
}

function stop(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
  }, FAREWELL_MS);
  child.once("exit", () => {
    clearTimeout(timer);
  });
}
