import { isErrno } from "../../files/errno.ts";
import { closeSync, constants, openSync } from "node:fs";
import type { Kernel } from "../kernel/kernel.ts";

/**
 * Lends a pod's namespace as an open file, and closes it whatever happens.
 *
 * @returns undefined where the path leads nowhere
 */
export function withPodNamespace<Result>(
  kernel: Kernel,
  path: string,
  use: (netns: number) => Result,
): Result | undefined {
  const netns = (kernel.openNetns ?? openPath)(path);
  if (netns === undefined) return undefined;
  try {
    return use(netns);
  } finally {
    closeSync(netns);
  }
}

function openPath(path: string): number | undefined {
  if (path === "") return undefined;
  try {
    // Whatever the path names: a FIFO would be waited for without end.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
