import { constants } from "node:os";
import type { Binding } from "./binding.ts";
import { NetlinkError } from "./error.ts";

// include/uapi/asm-generic/fcntl.h
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/**
 * Takes the exclusive flock(2) of an open file; closing the file gives it back, as does the process's end. Returns whether it
 * was taken: false only without `wait`, where somebody else has it. With `wait` there is no time limit. Throws NetlinkError.
 */
export function lockFile(
  binding: Binding,
  fd: number,
  { wait }: { readonly wait: boolean },
): boolean {
  const result = binding.flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
  if (result === -constants.errno.EAGAIN && !wait) return false;
  if (result < 0)
    throw new NetlinkError(
      { operation: "flock", action: () => `lock the file of fd ${fd}` },
      -result,
    );
  return true;
}

/** What waits for a lock that others hold for milliseconds looks again after this time. */
const PAUSE_MS = 2;

/**
 * As {@link lockFile}, but gives up: flock(2) has no time limit of its own. Returns whether the lock was taken. Throws
 * NetlinkError.
 */
export function lockFileWithin(
  binding: Binding,
  fd: number,
  patienceMs: number,
): boolean {
  const deadline = performance.now() + patienceMs;
  while (!lockFile(binding, fd, { wait: false })) {
    if (performance.now() >= deadline) return false;
    // Not all at once: of many who wait, each gets its turn.
    sleep(PAUSE_MS * (1 + Math.random()));
  }
  return true;
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Gives the lock back while the file stays open. Throws NetlinkError. */
export function unlockFile(binding: Binding, fd: number): void {
  const result = binding.flock(fd, LOCK_UN);
  if (result < 0)
    throw new NetlinkError(
      { operation: "flock", action: () => `unlock the file of fd ${fd}` },
      -result,
    );
}
