import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { makePlace } from "./place.ts";
import { isErrno } from "../../files/errno.ts";
import { isTrusted, requireSafe } from "../../files/trusted.ts";

/** A file inside the binary. Its name tells its content, so that two versions never share a file. */
export interface Asset {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The asset's file in `folder`, unpacked by an earlier call; undefined when there is none.
 *
 * @throws when it cannot be trusted: not exactly our bytes, or others may write to it or to the folder
 */
export function findUnpacked(folder: string, asset: Asset): string | undefined {
  const file = join(folder, asset.name);
  let fd: number;
  try {
    fd = openSync(
      file,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) return undefined;
    throw error;
  }
  try {
    requireSafe(folder);
    requireOurs(fd, asset.bytes);
  } finally {
    closeSync(fd);
  }
  return file;
}

/**
 * Writes the asset into `folder`, whatever stands in its place, and returns the file's path. Copies of us that do
 * the same at the same moment are harmless: each writes a file of its own and renames it when it is whole.
 *
 * @throws the system's error, or what makes the folder unsafe
 */
export function unpack(folder: string, asset: Asset): string {
  makePlace(folder);
  requireSafe(folder);
  const file = join(folder, asset.name);
  const unfinished = `${file}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    writeWhole(unfinished, asset.bytes);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  return file;
}

function writeWhole(file: string, bytes: Uint8Array): void {
  const fd = openSync(file, "wx", 0o444);
  try {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(fd, bytes, written);
    }
    fchmodSync(fd, 0o444); // whatever the umask
    fsyncSync(fd); // so that a rename that survives a power cut never names an empty file
  } finally {
    closeSync(fd);
  }
}

function requireOurs(fd: number, bytes: Uint8Array): void {
  const found = fstatSync(fd);
  if (!found.isFile()) throw new Error("what stands there is not a file");
  if (!isTrusted(found.uid)) {
    throw new Error(`the file belongs to user ${found.uid}, not to root`);
  }
  if ((found.mode & 0o022) !== 0)
    throw new Error("others may write to the file");
  if (found.size !== bytes.length || !sameContent(fd, bytes)) {
    throw new Error("the file is not the one inside of this binary");
  }
}

function sameContent(fd: number, bytes: Uint8Array): boolean {
  const content = Buffer.alloc(bytes.length);
  let length = 0;
  for (;;) {
    const read = readSync(fd, content, length, content.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return content.equals(bytes);
}
