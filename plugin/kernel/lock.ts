import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { lockFile } from "../../native/lock.ts";
import type { Kernel } from "./kernel.ts";
import { lockHolder } from "./lock-holder.ts";

/** How the lock is waited for; tests wait less. */
export interface LockOptions {
  /** Gone with the boot, as the kernel state that the lock guards. */
  readonly folder?: string | undefined;
  readonly patienceMs?: number | undefined;
}

/** A step takes milliseconds; who holds the lock for this long hangs. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 10;

/**
 * Runs `work` while no other crosslink process of this machine changes a node's state.
 *
 * @throws CniError 11 where the lock cannot be had in time
 */
export function withNodeLock<Result>(
  kernel: Kernel,
  work: () => Result,
  options: LockOptions = {},
): Result {
  const { folder = "/run/crosslink", patienceMs = PATIENCE_MS } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
  const fd = openSync(
    file,
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    takeLock(kernel, { fd, file, patienceMs });
    return work();
  } finally {
    closeSync(fd); // gives the lock back
  }
}

/** flock(2) has no time limit of its own. */
function takeLock(
  { binding }: Kernel,
  lock: { fd: number; file: string; patienceMs: number },
): void {
  const deadline = Date.now() + lock.patienceMs;
  while (!lockFile(binding, lock.fd, { wait: false })) {
    if (Date.now() >= deadline) throw heldTooLong(lock.file);
    sleep(PAUSE_MS);
  }
}

function heldTooLong(file: string): CniError {
  const holder = lockHolder(file);
  return new CniError(
    ErrorCode.tryAgainLater,
    `Cannot lock "${file}": ${holder ?? "another crosslink process"} holds it`,
    {
      details: `it is waited for ${String(PATIENCE_MS / 1000)} s, by an agent less; the runtime tries again. Where it hangs, end it; \`fuser ${file}\` shows who holds it`,
    },
  );
}

/** Blocks the thread. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
