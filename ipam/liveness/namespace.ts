import { statfsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { errnoOf } from "../folder/error.ts";

/** NSFS_MAGIC of include/uapi/linux/magic.h: the file system of open namespaces. */
const NSFS_MAGIC = 0x6e736673;

/** What a path is: a namespace, nothing at all, another file, or nothing that one can see. */
export type Sight = "namespace" | "absent" | "other" | "hidden";

/** Looks for a network namespace at a path, as this process sees it. */
export function lookAt(path: string): Sight {
  try {
    return statfsSync(path).type === NSFS_MAGIC ? "namespace" : "other";
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return code === "ENOENT" || code === "ENOTDIR" ? "absent" : "hidden";
  }
}

/** Whether a path is a network namespace now. A file that a crash left there, or a reboot, is none. */
export function isNamespace(path: string): boolean {
  return lookAt(path) === "namespace";
}

/**
 * Whether a path that led to a namespace shows that it is gone: the last name was removed. A process' own,
 * `/proc/<pid>/ns/net`, shows only that this process is gone, or is of another PID namespace; others may be in there.
 */
export function showsGone(path: string): boolean {
  if (!isAbsolute(path) || path.startsWith("/proc/")) return false;
  const sight = lookAt(path);
  return sight === "absent" || sight === "other";
}
