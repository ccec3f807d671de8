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

/** A step takes milliseconds, on a busy machine seconds; who holds the lock for this long hangs. */
const PATIENCE_MS = 30_000;

/** As often it is waited where each time another one has it: of 50 pods at once, the last has 49 before it. A kubelet waits longer. */
const TURNS = 5;

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
  // A resident process, which has a patience of its own, serves nobody meanwhile.
  const turns = patience === undefined ? TURNS : 1;
  let holder = lockHolder(lock.fd);
  for (let turn = 1; ; turn += 1) {
    if (lockFileWithin(binding, lock.fd, lock.patienceMs)) return;
    const before = holder;
    holder = lockHolder(lock.fd);
    if (holder === before || turn >= turns) break;
  }
  patience?.givenUp?.();
  throw heldTooLong(lock.file, holder);
}
