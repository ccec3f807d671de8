import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../../native/lock.ts";
import { misplaced, onDisk } from "./error.ts";
import type { Place } from "./place.ts";

/** The file that host-local, too, holds a flock(2) on while it looks at or changes a network's folder. */
const LOCK_NAME = "lock";

/** Runs `work` while nobody else, this program or host-local, works on the network's folder. */
export function withLock<Value>(
  { directory, binding }: Place,
  work: () => Value,
): Value {
  const path = join(directory, LOCK_NAME);
  const fd = openLock(path);
  try {
    if (!fstatSync(fd).isFile())
      throw misplaced(path, "it is not a regular file");
    lockFile(binding(), fd, { wait: true });
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
