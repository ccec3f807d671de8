import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { errnoOf } from "./error.ts";

/** Files of ours in a network's folder that host-local doesn't make; only whoever holds the lock has them. */
const DRAFT_NAME = ".crosslink-draft";
const REHEARSAL_NAME = ".crosslink-rehearsal";

/**
 * Creates a file with its content, all at once: where a program dies, there is the whole file or none.
 *
 * host-local creates the file, then writes to it. link(2) refuses a name that exists, as its O_EXCL does, so that both
 * programs can compete for a name.
 *
 * @returns false when the name exists
 */
export function createWhole(
  directory: string,
  name: string,
  content: string,
): boolean {
  const draft = writeDraft(directory, content);
  try {
    linkSync(draft, join(directory, name));
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Replaces a file, or what else has that name but a folder, all at once. */
export function replaceWhole(
  directory: string,
  name: string,
  content: string,
): void {
  const draft = writeDraft(directory, content);
  try {
    renameSync(draft, join(directory, name));
  } catch (error) {
    removeFile(directory, DRAFT_NAME);
    throw error;
  }
}

/** Does what taking an address does to the file system, and undoes it. Throws what would keep an address from being taken. */
export function rehearse(directory: string): void {
  try {
    createWhole(directory, REHEARSAL_NAME, "rehearsal");
    writeDraft(directory, "rehearsal");
  } finally {
    removeDrafts(directory);
  }
}

/** Removes what a killed process left behind. Call it with the lock held. */
export function removeDrafts(directory: string): void {
  for (const name of [DRAFT_NAME, REHEARSAL_NAME]) {
    // Looked for first: on a read-only file system even removing what isn't there fails
    const path = join(directory, name);
    if (lstatSync(path, { throwIfNoEntry: false })) unlinkSync(path);
  }
}

/** Removes a file; false when there is none. */
export function removeFile(directory: string, name: string): boolean {
  try {
    unlinkSync(join(directory, name));
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** What nearly every file in a store fits into, in bytes. */
const CHUNK_BYTES = 512;

/**
 * A regular file's text, up to `limit` bytes; undefined when it is longer, anything else than a regular file (symbolic
 * links are not followed), unreadable, or gone.
 */
export function readWhole(
  directory: string,
  name: string,
  limit: number,
): string | undefined {
  return asFile(() => {
    const path = join(directory, name);
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      return readText(fd, limit);
    } finally {
      closeSync(fd);
    }
  });
}

/** Takes 3 system calls for a file as they are most often, since a walk over a store reads thousands. */
function readText(fd: number, limit: number): string | undefined {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const length = readSync(fd, chunk, 0, CHUNK_BYTES, 0);
  if (length > 0 && length < CHUNK_BYTES)
    return chunk.toString("utf8", 0, length);
  const found = fstatSync(fd);
  if (!found.isFile() || found.size > limit) return undefined;
  const whole = Buffer.alloc(found.size);
  return whole.toString("utf8", 0, readSync(fd, whole, 0, found.size, 0));
}

/** Errors that say that a name is no file to be read: a link, a socket, a folder, a FIFO; or a broken disk's. */
const NO_FILE = [
  "ENOENT",
  "ELOOP",
  "ENXIO",
  "EISDIR",
  "ESPIPE",
  "EAGAIN",
  "EACCES",
  "EPERM",
  "EIO",
];

function asFile<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (NO_FILE.includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

function writeDraft(directory: string, content: string): string {
  const path = join(directory, DRAFT_NAME);
  try {
    // "wx": never into a file that is there, which may be a second link to a reservation
    writeFileSync(path, content, { flag: "wx", mode: 0o600 });
  } catch (error) {
    removeFile(directory, DRAFT_NAME);
    throw error;
  }
  return path;
}
