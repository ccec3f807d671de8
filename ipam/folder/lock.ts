import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { heldTooLong } from "../../cni/held-lock.ts";
import { lockFileWithin, lockHolder } from "../../native/index.ts";
import { misplaced, onDisk } from "./error.ts";
import type { NetworkFolder } from "./network-folder.ts";

/** The file that host-local, too, holds a flock(2) on while it looks at or changes a network's folder. */
const LOCK_NAME = "lock";

/** Who holds the lock works for milliseconds; who holds it for this long hangs. */
const PATIENCE_MS = 30_000;

/**
 * Runs `work` while nobody else, this program or host-local, works on the network's folder.
 *
 * @throws CniError 11 that names the holder, where the lock cannot be had in time
 */
export function withLock<Value>(
  { directory, binding, patience }: NetworkFolder,
  work: () => Value,
): Value {
  const path = join(directory, LOCK_NAME);
  const fd = openLock(path);
  try {
    if (!fstatSync(fd).isFile())
      throw misplaced(path, "it is not a regular file");
    const { milliseconds = PATIENCE_MS, givenUp } = patience?.() ?? {};
    if (!lockFileWithin(binding(), fd, milliseconds)) {
      givenUp?.();
      throw heldTooLong(path, lockHolder(fd));
    }
    return work();
  } finally {
    closeSync(fd);
  }
}

function openLock(path: string): number {
  const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  return onDisk(`open the lock "${path}"`, () =>
    openSync(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600),
  );
}
