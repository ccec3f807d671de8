import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../native/lock.ts";
import type { Kernel } from "./kernel.ts";

/** Where the node's lock lives; gone with the boot, as the kernel state that it guards. */
const LOCK_FOLDER = "/run/crosslink";

/**
 * Runs `work` while no other crosslink process of this machine changes the node's state.
 *
 * @throws CniError 11 where the lock cannot be had in time
 */
export function withNodeLock<Result>(
  kernel: Kernel,
  work: () => Result,
): Result {
  mkdirSync(LOCK_FOLDER, { recursive: true, mode: 0o700 });
  const fd = openSync(
    join(LOCK_FOLDER, "lock"),
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    lockFile(kernel.binding, fd, { wait: true });
    return work();
  } finally {
    closeSync(fd);
  }
}
