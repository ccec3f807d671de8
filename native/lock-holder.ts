import { fstatSync, readFileSync } from "node:fs";

/**
 * The process that took the flock(2) of an open file. Undefined where /proc/locks does not tell: nobody holds it any more, or
 * somebody of another PID namespace does.
 */
export function lockHolder(fd: number): number | undefined {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const place = `${hex(major(dev))}:${hex(minor(dev))}:${String(ino)}`;
  const pid = readLocks()
    .split("\n")
    .map((line) => LINE.exec(line))
    .find((found) => found?.[2] === place)?.[1];
  return pid === undefined || pid === "0" ? undefined : Number(pid);
}

/** A lock that is held, proc(5): those that wait for it follow, with an arrow. */
const LINE = /^\d+: FLOCK +\S+ +\S+ +(\d+) (\S+) /;

/** As /proc/locks prints devices. MAJOR() and MINOR() of glibc's dev_t: gnu_dev_major(3). */
function major(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
}

function minor(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
}

function hex(value: bigint): string {
  return value.toString(16).padStart(2, "0");
}

function readLocks(): string {
  try {
    return readFileSync("/proc/locks", "utf8");
  } catch {
    return ""; // /proc is not there: then nobody is named
  }
}
