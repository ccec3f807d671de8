import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { encodeMessages } from "../../../../../native/message.ts";
import { receiveAll } from "../../../../../plugin/agent/watch/source.ts";
import {
  type Effect,
  worst,
} from "../../../../../plugin/agent/watch/effect.ts";

const { ETIMEDOUT, ENOBUFS, EBADF } = constants.errno;

/** A datagram of messages whose types are these. */
function datagram(...types: number[]): Uint8Array {
  return encodeMessages(
    types.map((type) => ({
      type,
      flags: 0,
      sequence: 0,
      portId: 0,
      body: new Uint8Array(4),
    })),
  );
}

/** A socket with these datagrams and errors queued. A datagram that does not fit stays, as in native/. */
function queued(...items: (Uint8Array | number)[]) {
  const queue = [...items];
  const receive = (buffer: Uint8Array): number => {
    const [first = -ETIMEDOUT] = queue;
    if (typeof first === "number") {
      queue.shift();
      return first;
    }
    if (first.length > buffer.length) return first.length;
    buffer.set(first);
    queue.shift();
    return first.length;
  };
  return { receive, left: () => queue.length };
}

const judge = ({ type }: { type: number }): Effect =>
  type === 1 ? "harm" : type === 2 ? "change" : "nothing";

function effectOf(...items: (Uint8Array | number)[]): [Effect, number] {
  const socket = queued(...items);
  const effect = worst(receiveAll(socket, new Uint8Array(64), judge));
  return [effect, socket.left()];
}

describe("receiveAll()", () => {
  it.each<[string, (Uint8Array | number)[], Effect]>([
    ["an empty queue", [], "nothing"],
    ["messages that do not matter", [datagram(3), datagram(3)], "nothing"],
    ["the worst of one datagram", [datagram(3, 2, 3)], "change"],
    [
      "the worst of several, to the end of the queue",
      [datagram(1), datagram(2), datagram(3)],
      "harm",
    ],
    [
      "a datagram longer than the buffer",
      [datagram(3, 3, 3, 3, 1), datagram(3)],
      "harm",
    ],
    ["lost notifications", [-ENOBUFS, datagram(3)], "harm"],
    [
      "bytes that are no message",
      [new Uint8Array(7).fill(1), datagram(3)],
      "harm",
    ],
  ])("judges %s", (_, items, effect) => {
    expect(effectOf(...items)).toEqual([effect, 0]);
  });

  it("ends with a socket that is closed", () => {
    expect(effectOf(-EBADF, datagram(3))).toEqual(["harm", 1]);
  });

  it("ends where somebody sends faster than it reads, and takes it for harm", () => {
    const socket = {
      receive: (buffer: Uint8Array) => {
        buffer.set(datagram(3));
        return datagram(3).length;
      },
    };
    expect(worst(receiveAll(socket, new Uint8Array(64), judge))).toBe("harm");
  });
});
