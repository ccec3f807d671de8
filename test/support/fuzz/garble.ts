import { constants } from "node:os";
import type { Binding } from "../../../native/binding.ts";

/** One wrong: the `nth` answer of the kernel, how it goes wrong, where, and by how much. */
type Wrong = readonly [nth: number, kind: number, at: number, by: number];

/** A datagram that arrives, or an errno in its stead. */
type Arrival = Uint8Array | number;

/** Wrongs are told apart by the number of the answer, up to this many. */
const ANSWERS = 64;

/** Ways in which an answer goes wrong. A datagram's header: length (4), type (2), flags (2), sequence (4), port (4). */
const KINDS: readonly ((
  datagram: Uint8Array,
  at: number,
  by: number,
) => Arrival[])[] = [
  // A byte is another.
  (datagram, at, by) => [set(datagram, at, by)],
  // It ends early.
  (datagram, at) => [datagram.slice(0, at % (datagram.length + 1))],
  // It goes on longer than it should.
  (datagram, at, by) => [
    Buffer.concat([datagram, new Uint8Array(at % 70_000).fill(by)]),
  ],
  // It answers another request, or another socket.
  (datagram, at, by) => [set(datagram, 8 + (at % 8), by)],
  // It is lost, or comes twice, or after another that nobody asked for.
  () => [-constants.errno.ETIMEDOUT],
  (datagram) => [datagram, datagram],
  (datagram, at, by) => [set(datagram, 8 + (at % 8), by), datagram],
  // A message's length or type is another.
  (datagram, at, by) => [set(datagram, at % 6, by)],
  // The kernel says no, or says that it lost something.
  (_, at) => [-(1 + (at % 130))],
  () => [-constants.errno.ENOBUFS],
  // Nothing but zeros, nothing at all.
  (datagram) => [new Uint8Array(datagram.length)],
  () => [new Uint8Array(0)],
];

/**
 * A kernel whose answers go wrong as the input says; what is asked of it is done all the same. A wait for what never comes
 * ends at once: the time is not what is tried here.
 */
export function garbling(binding: Binding, input: Buffer): Binding {
  const wrongs = readWrongs(input);
  const room = new Uint8Array(256 * 1024);
  let answers = 0;
  let queue: Arrival[] = [];
  return {
    ...binding,
    receive: (fd, buffer, timeoutMs) => {
      if (queue.length === 0) {
        const length = binding.receive(fd, room, Math.min(timeoutMs, 0));
        if (length < 0) return length;
        const arrival = room.slice(0, length);
        const found = wrongs.find(([nth]) => nth === answers % ANSWERS);
        answers++;
        queue = found === undefined ? [arrival] : goWrong(arrival, found);
      }
      return deliver(queue, buffer);
    },
  };
}

/** As the addon does it: what doesn't fit stays, and its length is told. */
function deliver(queue: Arrival[], buffer: Uint8Array): number {
  const [first = -constants.errno.ETIMEDOUT] = queue;
  if (typeof first !== "number") {
    if (first.length > buffer.length) return first.length;
    buffer.set(first);
  }
  queue.shift();
  return typeof first === "number" ? first : first.length;
}

function goWrong(datagram: Uint8Array, [, kind, at, by]: Wrong): Arrival[] {
  return KINDS[kind % KINDS.length]!(datagram, at, by);
}

function set(datagram: Uint8Array, at: number, by: number): Uint8Array {
  const copy = datagram.slice();
  if (copy.length > 0) copy[at % copy.length] = by;
  return copy;
}

function readWrongs(input: Buffer): Wrong[] {
  const numbers = (item: unknown): number[] =>
    (Array.isArray(item) ? (item as unknown[]) : [item]).map((value) =>
      typeof value === "number" ? Math.abs(Math.trunc(value)) % 2 ** 31 : 0,
    );
  const list = parse(input);
  return (Array.isArray(list) ? (list as unknown[]) : [list]).map((item) => {
    const [nth = 0, kind = 0, at = 0, by = 0] = numbers(item);
    return [nth % ANSWERS, kind, at, by % 256];
  });
}

function parse(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString());
  } catch {
    return [...input]; // any bytes are wrongs, too
  }
}
