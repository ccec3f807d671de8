import { RUN_FOLDER } from "../owned.ts";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { heldTooLong } from "../../cni/held-lock.ts";
import { lockFileWithin, lockHolder } from "../../native/index.ts";
import type { Kernel } from "./kernel.ts";
import { makeFolder } from "../../files/folder.ts";

/** How the lock is waited for; tests wait less. */
export interface LockOptions {
  /** Gone with the boot, as the kernel state that the lock guards. */
  readonly folder?: string | undefined;
  readonly patienceMs?: number | undefined;
  /** Called once where somebody else has the lock, before it is waited for. */
  readonly onWait?: () => void;
}

/** A step takes milliseconds; who holds the lock for this long hangs. */
const PATIENCE_MS = 30_000;

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
  const { folder = RUN_FOLDER } = options;
  const patienceMs =
    options.patienceMs ?? kernel.patience?.milliseconds ?? PATIENCE_MS;
  makeFolder(folder, 0o700);
  const file = join(folder, "lock");
  const fd = openSync(
    file,
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    takeLock(kernel, { fd, file, patienceMs, onWait: options.onWait });
    return work();
  } finally {
    closeSync(fd); // gives the lock back
  }
}

/** flock(2) has no time limit of its own. */
function takeLock(
  { binding, patience }: Kernel,
  lock: {
    readonly fd: number;
    readonly file: string;
    readonly patienceMs: number;
    readonly onWait: (() => void) | undefined;
  },
): void {
  if (lockFileWithin(binding, lock.fd, 0)) return;
  lock.onWait?.();
  if (lockFileWithin(binding, lock.fd, lock.patienceMs)) return;
  patience?.givenUp?.();
  throw heldTooLong(lock.file, lockHolder(lock.fd));
}
