import { constants } from "node:os";
import type { Binding } from "./binding.ts";
import { NetlinkError } from "./error.ts";

/** One message of a local socket, with the open files that came along; whoever receives them closes them. */
export interface LocalMessage {
  readonly bytes: Uint8Array;
  readonly files: readonly number[];
}

/** Most files that one message may bring; the kernel closes what is beyond. */
const MOST_FILES = 4;

/**
 * Listens for SOCK_SEQPACKET connections at a path, with mode 0600; a socket that was left there is replaced. Returns the
 * listening fd, which never blocks. Throws NetlinkError.
 */
export function listenLocal(binding: Binding, path: string): number {
  return orThrow(binding.listenLocal(path), "bind", `listen at "${path}"`);
}

/** Takes the next connection; undefined where none is waiting. Throws NetlinkError. */
export function acceptLocal(binding: Binding, fd: number): number | undefined {
  const connection = binding.acceptLocal(fd);
  if (connection === -constants.errno.EAGAIN) return undefined;
  return orThrow(connection, "accept", "accept a connection");
}

/** The user id of the process at the other end, as it was when it connected. Throws NetlinkError. */
export function peerUser(binding: Binding, fd: number): number {
  return orThrow(
    binding.peerUser(fd),
    "getsockopt",
    "ask who is at the other end",
  );
}

/**
 * Takes the next message of a connection, and the files with it; undefined where none came in `timeoutMs`. No bytes: the
 * other end is gone. Throws NetlinkError: EMSGSIZE for one beyond the limit.
 */
export type ReceiveLocal = (
  fd: number,
  timeoutMs: number,
) => LocalMessage | undefined;

/** What receives messages of at most `limit` bytes, of one connection or of many. */
export function localReceiver(binding: Binding, limit: number): ReceiveLocal {
  // Kept, and copied from: to allocate so much for each call would be a tenth of what an ADD takes.
  const buffer = new Uint8Array(limit);
  return (fd, timeoutMs) => {
    const files = new Int32Array(MOST_FILES).fill(-1);
    const length = binding.receiveLocal(fd, buffer, files, timeoutMs);
    if (length === -constants.errno.ETIMEDOUT) return undefined;
    const received = [...files].filter((file) => file >= 0);
    return {
      bytes: buffer.slice(0, orThrow(length, "recvmsg", "receive a message")),
      files: received,
    };
  };
}

/** Sends one message. Throws NetlinkError: EPIPE where the other end is gone, EAGAIN where it does not read. */
export function sendLocal(
  binding: Binding,
  fd: number,
  bytes: Uint8Array,
): void {
  orThrow(binding.sendLocal(fd, bytes), "send", "send a message");
}

/** Stops a {@link watchReadable}; it lets the process end. */
export type Unwatch = () => void;

/** Calls back whenever the file can be read without waiting, until it is stopped. Throws NetlinkError. */
export function watchReadable(
  binding: Binding,
  fd: number,
  callback: () => void,
): Unwatch {
  const handle = orThrow(binding.watch(fd, callback), "poll", `watch fd ${fd}`);
  return () => {
    binding.unwatch(handle);
  };
}

/** Where to receive ESP in UDP: `AF_INET` or `AF_INET6`, and a port of all addresses. */
export interface EncapsulationOptions {
  readonly family: number;
  readonly port: number;
  /** File descriptor of a network namespace; the thread's own where it is left out. */
  readonly netns?: number | undefined;
}

/**
 * Opens a UDP socket that hands the ESP it receives to the kernel, RFC 3948, for as long as it is open. Returns its fd. Throws
 * NetlinkError: EADDRINUSE where somebody has the port.
 */
export function openEncapsulation(
  binding: Binding,
  { family, port, netns = -1 }: EncapsulationOptions,
): number {
  return orThrow(
    binding.openEncapsulation(netns, family, port),
    "bind",
    `receive ESP in UDP on port ${port}`,
  );
}

function orThrow(result: number, operation: string, action: string): number {
  if (result >= 0) return result;
  throw new NetlinkError({ operation, action: () => action }, -result);
}
