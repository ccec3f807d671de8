import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * The network namespaces that processes are in, by inode. Where this process sees none but its own container's, so are
 * those: what is not in here may be occupied all the same.
 */
export function occupiedNamespaces(proc = "/proc"): Set<number> {
  const processes = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  return new Set(
    processes
      .map((name) => inodeOf(join(proc, name, "ns", "net")))
      .filter((inode) => inode !== undefined),
  );
}

/** The inode of a namespace; undefined where there is none, or no process any more. */
export function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined; // it has ended, or lies where this process cannot look
  }
}
