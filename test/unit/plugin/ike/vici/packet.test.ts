import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodePacket,
  encodePacket,
  type Packet,
  PACKET_LIMIT,
} from "../../../../../plugin/ike/vici/packet.ts";
import { packetsFrom } from "../../../../../plugin/ike/vici/stream.ts";

const PACKETS: readonly Packet[] = [
  { type: "request", name: "version", message: {} },
  { type: "response", message: { daemon: "charon" } },
  { type: "unknown command" },
  { type: "register", name: "list-sa" },
  { type: "confirm" },
  { type: "unregister", name: "list-sa" },
  { type: "unknown event" },
  { type: "event", name: "list-sa", message: { a: { b: "c" } } },
];

describe("encodePacket()", () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 4],
    [4, 5],
    [6, 6],
    [7, 7],
  ])("gives vici_operation_t %i to packet %i", (operation, index) => {
    const packet = PACKETS[index]!;
    expect(encodePacket(packet)[4]).toBe(operation);
  });

  it("refuses what charon would not take", () => {
    const long = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`k${i}`, "x".repeat(60_000)]),
    );
    expect(() =>
      encodePacket({ type: "request", name: "x", message: long }),
    ).toThrow(RangeError);
  });
});

describe("packetsFrom()", () => {
  it("finds the packets however the stream is cut", () => {
    const stream = Buffer.concat(PACKETS.map(encodePacket));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 20 }),
        (cuts) => {
          const take = packetsFrom();
          const places = [0, ...cuts, stream.length].sort((a, b) => a - b);
          const found = places
            .slice(1)
            .flatMap((end, i) => take(stream.subarray(places[i], end)));
          expect(found).toEqual(PACKETS);
        },
      ),
    );
  });

  it("refuses a length that no packet has, before it comes", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(PACKET_LIMIT + 1);
    expect(() => packetsFrom()(length)).toThrow(RangeError);
  });

  it("takes any bytes for packets, or throws RangeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decodePacket(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
