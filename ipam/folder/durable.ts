import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import { onDisk } from "./error.ts";

/**
 * Waits until files of a folder, and the folder's own entries for them, are on disk.
 *
 * Done after the store's lock is given back, so that attachments don't wait for each other's disk writes: until then
 * nobody was told the address, and other processes see the file already.
 */
export function syncFiles(directory: string, names: readonly string[]): void {
  onDisk(`bring reservations in "${directory}" to disk`, () => {
    for (const name of names)
      syncPath(join(directory, name), constants.O_NOFOLLOW);
    syncPath(directory, constants.O_DIRECTORY);
  });
}

/** Waits until a folder's entries are on disk. */
export function syncDirectory(directory: string): void {
  syncFiles(directory, []);
}

function syncPath(path: string, flags: number): void {
  const fd = openSync(path, constants.O_RDONLY | flags);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
