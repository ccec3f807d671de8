import {
  closeSync,
  fstatSync,
  lstatSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { openReadable, readWithin } from "./read.ts";

/**
 * Throws unless nobody but root (or this process' own user) can change what `folder` holds, or put another folder
 * in its place: every folder on the way belongs to root and is closed to others, or has the sticky bit.
 */
export function requireSafe(folder: string): void {
  const own = lstatSync(folder);
  if (!own.isDirectory()) throw new Error("it is not a folder");
  if ((own.mode & 0o022) !== 0) throw new Error(writableByOthers(own));
  for (let path = realpathSync(folder); ; path = dirname(path)) {
    const found = lstatSync(path);
    if (!isTrusted(found.uid)) {
      throw new Error(`"${path}" belongs to user ${found.uid}, not to root`);
    }
    const sticky = (found.mode & 0o1000) !== 0;
    if ((found.mode & 0o022) !== 0 && !sticky) {
      throw new Error(`"${path}": ${writableByOthers(found)}`);
    }
    if (path === "/") return;
  }
}

/**
 * The text of a file that only root can have written; of its folder nothing is asked.
 *
 * @throws what the kernel says, such as ENOENT; Error for a file that others may write, or that is larger than `limit`
 */
export function readRootsFile(path: string, limit: number): string {
  const fd = openReadable(path, false);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.uid !== 0 || (stats.mode & 0o022) !== 0)
      throw new Error("it is not a file that root alone can write");
    const bytes = readWithin(fd, limit);
    if (bytes === undefined) throw new Error("it is far too large");
    return bytes.toString("utf8");
  } finally {
    closeSync(fd);
  }
}

/** Whether files of this user are as good as our own. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function writableByOthers({ mode }: Stats): string {
  return `others may write to it (mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`;
}
