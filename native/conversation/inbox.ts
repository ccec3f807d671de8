import { constants } from "node:os";
import type { Transport } from "./transport.ts";
import { decodeMessages, type Message } from "../message.ts";

/** Sequence numbers from `first` on, modulo 2^32. */
export interface SequenceRange {
  readonly first: number;
  readonly count: number;
}

/** Where the answers of one conversation arrive. */
export interface Inbox {
  /**
   * The next datagram's messages that answer `wanted`, at least one; or the errno (positive) that ended the wait,
   * ETIMEDOUT after `timeoutMs`.
   */
  next(wanted: SequenceRange, timeoutMs: number): readonly Message[] | number;
}

// A dump's datagrams are at most 32 KiB (netlink_dump() in net/netlink/af_netlink.c) unless one item is larger.
const BUFFER = 64 * 1024;
const LARGEST = 16 * 1024 * 1024;

/** Receives from the transport: grows a short buffer, retries EINTR, leaves out what answers somebody or something else. */
export function openInbox(transport: Transport): Inbox {
  const receive = receiver(transport);
  return {
    next: (wanted, timeoutMs) => {
      const deadline = now() + timeoutMs;
      for (
        let left = timeoutMs;
        ;
        left = Math.max(0, Math.ceil(deadline - now()))
      ) {
        const datagram = receive(left);
        if (typeof datagram === "number") return datagram;
        const ours = decodeMessages(datagram).filter(
          ({ portId, sequence }) =>
            portId === transport.portId && isIn(wanted, sequence),
        );
        if (ours.length > 0) return ours;
        if (now() >= deadline) return constants.errno.ETIMEDOUT;
      }
    },
  };
}

/** Place of this sequence number in the range, from 0. At or beyond its count for numbers outside of it. */
export function placeIn(range: SequenceRange, sequence: number): number {
  return (sequence - range.first) >>> 0;
}

function isIn(range: SequenceRange, sequence: number): boolean {
  return placeIn(range, sequence) < range.count;
}

function receiver(
  transport: Transport,
): (timeoutMs: number) => Uint8Array | number {
  let buffer = room(BUFFER);
  return (timeoutMs) => {
    for (;;) {
      const length = transport.receive(buffer, timeoutMs);
      if (length === -constants.errno.EINTR) continue;
      if (length < 0) return -length;
      // One copy a datagram: what is decoded from it are views, and the buffer is free for the next.
      if (length <= buffer.length) return buffer.slice(0, length);
      if (length > LARGEST) return constants.errno.EMSGSIZE;
      buffer = room(length);
    }
  };
}

/** Not zeroed: what is read of it was received. */
function room(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Milliseconds that never go back. `performance` would load a module, which takes longer than most conversations. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
