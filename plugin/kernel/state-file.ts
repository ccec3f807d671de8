import { closeSync, constants, openSync } from "node:fs";
import { dirname } from "node:path";
import { processName } from "../../cni/process-name.ts";
import { makeFolder } from "../../files/folder.ts";
import { isErrno } from "../../files/errno.ts";
import { replaceFile } from "../../files/replace.ts";
import { readRootsFile, requireSafe } from "../../files/trusted.ts";
import { lockFileWithin, lockHolder } from "../../native/index.ts";
import type { Kernel } from "./kernel.ts";

/** The file is written under its folder's lock, and nothing else. */
const PATIENCE_MS = 500;

/** A line for each CIDR of thousands of clusters, or for each SA of a hundred thousand peers, takes less. */
const BYTE_LIMIT = 64 * 1024 * 1024;

/**
 * What a file says that only root can have written; undefined where there is none. Whoever reads needs no lock.
 *
 * @throws Error where others could have written it
 */
export function readStateFile(file: string): string | undefined {
  try {
    requireSafe(dirname(file));
    return readRootsFile(file, BYTE_LIMIT);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Writes the file anew, mode 0600, under its folder's lock: nodes of one machine have locks of their own, and the file
 * together. It appears whole or not at all.
 *
 * @param content makes it, and may read what it was
 */
export function writeStateFile(
  kernel: Kernel,
  file: string,
  content: () => string,
): void {
  const folder = dirname(file);
  makeFolder(folder, 0o700);
  requireSafe(folder);
  const fd = lockFolder(kernel, folder);
  try {
    replaceFile(file, content(), { mode: 0o600, uid: 0, gid: 0 });
  } finally {
    closeSync(fd); // gives the lock back
  }
}

function lockFolder({ binding, patience }: Kernel, path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  if (lockFileWithin(binding, fd, patience?.milliseconds ?? PATIENCE_MS))
    return fd;
  const pid = lockHolder(fd);
  closeSync(fd);
  const holder = (pid && processName(pid)) ?? "another program";
  throw new Error(`${holder} holds its folder's lock`);
}
