import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { isErrno } from "../../../files/errno.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Family } from "../base/family.ts";
import {
  judge,
  LOCK_SECONDS,
  orThrow,
  type Ran,
  type Restored,
} from "./outcome.ts";

/**
 * The legacy tables have no netlink interface, and their setsockopt(2) takes structs of the kernel's own layout: here,
 * and only here, iptables' own programs do the work.
 */
export interface LegacyProgram {
  /** What iptables-legacy-save prints of the tables that are in use. */
  save(family: Family): string;
  /** Runs iptables-legacy-restore --noflush on this input: all of it takes effect, or nothing. */
  restore(family: Family, input: string): Restored;
}

/** Beyond the wait for the lock: a large ruleset takes a second or two. */
const PATIENCE_MS = 10_000;

/** Of a resident process, which serves nobody meanwhile. */
const SHORT_PATIENCE_MS = 2_000;

const FOLDERS = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/** Names of the legacy tables that are in use in the node's namespace. Reading them makes none. */
export function legacyTables(kernel: Kernel, family: Family): Set<string> {
  const path = `/proc/self/net/${family === 4 ? "ip" : "ip6"}_tables_names`;
  return new Set(readProc(kernel, path).split("\n").filter(Boolean));
}

/** Finds iptables' legacy programs. Undefined where they are not installed. */
export function findLegacy(kernel: Kernel): LegacyProgram | undefined {
  const folder = FOLDERS.find((path) =>
    existsSync(`${path}/iptables-legacy-restore`),
  );
  if (folder === undefined) return undefined;
  const run = (name: string, args: readonly string[], input = "") =>
    spawnInside(kernel, [`${folder}/${name}`, ...args], input);
  return {
    save: (family) => {
      const name = `${prefixOf(family)}-legacy-save`;
      return orThrow(name, run(name, [])).stdout;
    },
    restore: (family, input) => {
      const name = `${prefixOf(family)}-legacy-restore`;
      const seconds = kernel.patience === undefined ? LOCK_SECONDS : 1;
      const args = ["--noflush", "-w", String(seconds)];
      return judge(name, run(name, args, input), input);
    },
  };
}

/** The error for a node whose legacy tables are in use and cannot be written. */
export function missingLegacy(): CniError {
  return new CniError(
    ErrorCode.notAvailable,
    "Cannot exempt pods from SNAT: this node's masquerade rules are in legacy iptables, and its programs are missing",
    {
      details: `iptables-legacy-restore is in none of ${FOLDERS.join(", ")}. Install the iptables package`,
    },
  );
}

function prefixOf(family: Family): string {
  return family === 4 ? "iptables" : "ip6tables";
}

// A namespace of its own only has a node that a test, or an agent in another namespace, looks at.
function spawnInside(
  { netns, patience }: Kernel,
  command: readonly string[],
  input: string,
): Ran {
  const words =
    netns === undefined
      ? command
      : [
          "/usr/bin/nsenter",
          `--net=/proc/${process.pid}/fd/${netns}`,
          "--",
          ...command,
        ];
  const [program = "", ...args] = words;
  const timeout = patience === undefined ? PATIENCE_MS : SHORT_PATIENCE_MS;
  const ran = spawnSync(program, args, {
    input,
    encoding: "utf8",
    env: {},
    maxBuffer: 1 << 28,
    timeout,
    killSignal: "SIGKILL",
  });
  if (isErrno(ran.error, "ETIMEDOUT")) {
    patience?.givenUp?.();
    throw hungProgram(command[0] ?? program, timeout);
  }
  if (ran.error !== undefined)
    throw new CniError(ErrorCode.io, `Cannot run "${program}"`, {
      details: `${ran.error.message}. Install the iptables package anew, or mend the file's modes`,
      cause: ran.error,
    });
  return ran;
}

function hungProgram(program: string, timeoutMs: number): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    `Cannot use legacy iptables: "${program}" did not end within ${String(timeoutMs / 1000)} s`,
    {
      details:
        "it was ended, and will be tried again. `fuser -v /run/xtables.lock` shows who else works on the tables: end it where it hangs",
    },
  );
}

function readProc(kernel: Kernel, path: string): string {
  if (kernel.netns !== undefined) return readInside(kernel, path);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // Without the ip_tables module there is no such file, and no table.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function readInside(kernel: Kernel, path: string): string {
  const ran = spawnInside(kernel, ["/bin/cat", path], "");
  if (ran.status !== 0 && ran.stderr.includes("No such file")) return "";
  return orThrow("cat", ran).stdout;
}
