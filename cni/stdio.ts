import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { configurationByteLimit } from "./configuration.ts";

/** The system calls below, so that tests can hand in sequences of short reads and errors. */
export interface FileSystem {
  readonly read: (fd: number, buffer: Uint8Array) => number;
  readonly write: (fd: number, buffer: Uint8Array) => number;
}

const SYSTEM: FileSystem = {
  read: (fd, buffer) => readSync(fd, buffer),
  write: (fd, buffer) => writeSync(fd, buffer),
};

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a file descriptor to its end, or to just above {@link configurationByteLimit} bytes, which
 * is enough to tell that it is too much.
 *
 * @throws the system's error, except EINTR and EAGAIN, which are waited out
 */
export function readToEnd(fd: number, system = SYSTEM): Uint8Array {
  const chunks: Uint8Array[] = [];
  // Never handed out, so what was in that memory before does not matter.
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let total = 0;
  while (total <= configurationByteLimit) {
    const length = patiently(() => system.read(fd, buffer));
    if (length === 0) break;
    chunks.push(Buffer.from(buffer.subarray(0, length)));
    total += length;
  }
  return Buffer.concat(chunks);
}

/**
 * Writes all of `text`, however short the single writes are.
 *
 * @throws the system's error, except EINTR and EAGAIN, which are waited out
 */
export function writeFully(fd: number, text: string, system = SYSTEM): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    const left = rest;
    rest = rest.subarray(patiently(() => system.write(fd, left)));
  }
}

/**
 * What a file descriptor holds right now, without ever waiting: a file's bytes, or what is in a
 * pipe. Empty for terminals, sockets and devices.
 */
export function readReady(fd: number): Uint8Array {
  const file = fstatSync(fd);
  if (file.isFile()) return readToEnd(fd);
  if (!file.isFIFO()) return new Uint8Array();
  // Another description of the same pipe, so that O_NONBLOCK doesn't leak to those who share ours
  const pipe = openSync(
    `/proc/self/fd/${fd}`,
    constants.O_RDONLY | constants.O_NONBLOCK,
  );
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    return chunk.subarray(0, readSync(pipe, chunk));
  } finally {
    closeSync(pipe);
  }
}

/** Whoever started the plugin may have made the pipe non-blocking; Node's readSync then fails early. */
function patiently(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code !== "EAGAIN" && code !== "EINTR") throw error;
      sleep(2);
    }
  }
}

/** Blocks the thread, in milliseconds: CNI calls are synchronous from end to end. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
