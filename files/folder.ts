import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "./errno.ts";

/**
 * Makes a folder, and those above it where they are missing, all with these rights; leaves alone what is there.
 *
 * Node's own recursive mkdir never returns below /proc, where a folder cannot be made for all that its parent is there.
 *
 * @throws what mkdir(2) throws: ENOTDIR or EEXIST where a file is in its way, ENOENT where the kernel makes no folders
 */
export function makeFolder(path: string, mode: number): void {
  try {
    makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (!isErrno(error, "ENOENT") || parent === path) throw error;
    makeFolder(parent, mode);
    makeOne(path, mode);
  }
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // A read-only file system says so of folders that are there, too.
    if (isErrno(error, "ENOENT") || !isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
