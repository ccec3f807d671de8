import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** What a reader puts up with. */
export interface ReadLimits {
  /** More bytes than any sound file of the kind has. */
  readonly byteLimit: number;
  /** Whether the file's own name may be a link. */
  readonly followsLinks?: boolean;
}

/**
 * The text of a regular file that others write; undefined for what is none, or is larger.
 *
 * Neither waits for the other end of a FIFO, nor reads a device, nor more than the limit, whatever the file becomes while
 * it is read. Throws what the kernel says, such as ENOENT.
 */
export function readSmallFile(
  path: string,
  { byteLimit, followsLinks = true }: ReadLimits,
): string | undefined {
  const descriptor = openReadable(path, followsLinks);
  try {
    if (!fstatSync(descriptor).isFile()) return undefined;
    return readWithin(descriptor, byteLimit)?.toString("utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Opens for reading without waiting for anybody, and without becoming a terminal's process. */
export function openReadable(path: string, followsLinks = true): number {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
  const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  return openSync(path, followsLinks ? flags : flags | O_NOFOLLOW);
}

/** All bytes of an open file; undefined where there are more than `limit`. What the file says of its size is a hint. */
export function readWithin(
  descriptor: number,
  limit: number,
): Buffer | undefined {
  const { size } = fstatSync(descriptor);
  let buffer = Buffer.allocUnsafe(Math.min(size, limit) + 1);
  let length = 0;
  for (;;) {
    const room = buffer.length - length;
    const count = readSync(descriptor, buffer, length, room, null);
    length += count;
    if (length > limit) return undefined;
    if (count === 0) return buffer.subarray(0, length);
    if (length === buffer.length)
      buffer = Buffer.concat([buffer], Math.min(length * 2, limit + 1));
  }
}
