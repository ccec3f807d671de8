import { isErrno } from "../../files/errno.ts";
import { readFileSync } from "node:fs";

/** Where the kernel counts packets that xfrm refused, in this process's network namespace. */
const STATISTICS_FILE = "/proc/net/xfrm_stat";

/**
 * The error counters of xfrm, by the kernel's names (Documentation/networking/xfrm_proc.rst).
 *
 * @returns undefined where the kernel counts nothing (CONFIG_XFRM_STATISTICS)
 */
export function readXfrmStatistics(
  path: string = STATISTICS_FILE,
): Map<string, number> | undefined {
  try {
    return parseXfrmStatistics(readFileSync(path, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Reads lines of a name and a number; others are left out. */
export function parseXfrmStatistics(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+)\s+(\d+)$/gm)].map(([, name, value]) => [
      name ?? "",
      Number(value),
    ]),
  );
}
