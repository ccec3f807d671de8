import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "../../files/errno.ts";

/**
 * Folders to unpack the addon into, best first.
 *
 * Code can be executed beside the executable by definition, and whoever may write there owns us already. The
 * others serve where that folder is read-only: /run, /tmp and /dev/shm are often mounted noexec, /var/lib seldom.
 */
export function places(besideExecutable: string): string[] {
  const others = ["/var/lib", "/run", "/tmp", "/dev/shm"];
  return [
    besideExecutable,
    ...others.map((folder) => join(folder, "crosslink")),
  ];
}

/** Makes a folder of {@link places} where it is missing, for root only, in a parent that must exist. */
export function makePlace(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another copy of us was faster, or it was there before: whether it is safe is looked at next.
    if (!isErrno(error, "EEXIST")) throw error;
  }
}
