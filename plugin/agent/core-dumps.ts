import { writeFileSync } from "node:fs";
import { isErrno } from "../../files/errno.ts";

/** Which mappings a core dump holds: none. core(5); processes that are started later inherit it. */
const NO_MEMORY = "0";

/**
 * Has core dumps of this process, and of the charon that it starts, hold no memory: keys would be in it, and whoever may read
 * the dumps of a node may not read its keyring. A kernel that writes no such dumps has no such file.
 */
export function keepMemoryFromCores(): void {
  try {
    writeFileSync("/proc/self/coredump_filter", NO_MEMORY);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}
