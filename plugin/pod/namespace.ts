import { isErrno } from "../../files/errno.ts";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  statSync,
} from "node:fs";
import type { Kernel } from "../kernel/kernel.ts";

/**
 * Lends a pod's namespace as an open file, and closes what it has opened whatever happens.
 *
 * @returns undefined where the path leads nowhere
 */
export function withPodNamespace<Result>(
  kernel: Kernel,
  path: string,
  use: (netns: number) => Result,
): Result | undefined {
  if (kernel.podNetns !== undefined) {
    const lent = kernel.podNetns();
    return lent === undefined ? undefined : use(lent);
  }
  const netns = openPath(path);
  if (netns === undefined) return undefined;
  try {
    return use(netns);
  } finally {
    closeSync(netns);
  }
}

function openPath(path: string): number | undefined {
  // Node refuses a NUL before any kernel could; an environment holds none, prevResult's sandbox may.
  if (path === "" || path.includes("\0")) return undefined;
  try {
    // Whatever the path names: a FIFO would be waited for without end.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, ...NOWHERE)) return undefined;
    throw error;
  }
}

/** Nothing there that could be opened, whatever the reason; ENXIO: a socket. */
const NOWHERE = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "ENXIO"];

/** What an open file is that was taken for a network namespace, for an admin. */
export function kindOfFile(fd: number): string {
  const namespace = /^([a-z_]+):\[/.exec(readlinkSync(`/proc/self/fd/${fd}`));
  if (namespace?.[1] !== undefined && namespace[1] !== "net")
    return `a namespace of kind ${namespace[1]}`;
  const stats = fstatSync(fd);
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isFile())
    return stats.size === 0
      ? "an empty file, as `ip netns` leaves where its mount is gone"
      : "a file";
  return "a device";
}

/** What is at a path that cannot be opened. */
export function kindOfPath(path: string): string | undefined {
  try {
    const stats = statSync(path);
    return stats.isSocket() ? "a socket" : undefined;
  } catch {
    return undefined;
  }
}
