import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeMessages,
  encodeMessage,
  encodeMessages,
} from "../../../native/message.ts";
import { damaged, expectRangeErrorOrResult } from "../../support/arbitrary.ts";

const messages = fc.array(
  fc.record({
    type: fc.nat(0xffff),
    flags: fc.nat(0xffff),
    sequence: fc.nat(0xffffffff),
    portId: fc.nat(0xffffffff),
    body: fc.uint8Array({ maxLength: 40 }),
  }),
  { maxLength: 5 },
);

describe("encodeMessage()", () => {
  it("writes the header of include/uapi/linux/netlink.h, and padding that the length does not count", () => {
    const wire = encodeMessage({
      type: 0x0102,
      flags: 0x0304,
      sequence: 5,
      portId: 6,
      body: Uint8Array.of(7),
    });
    expect([...wire]).toEqual([
      17, 0, 0, 0, 2, 1, 4, 3, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0,
    ]);
  });
});

describe("decodeMessages()", () => {
  it("gives back every list that encodeMessages() took", () => {
    fc.assert(
      fc.property(messages, (list) => {
        expect(decodeMessages(encodeMessages(list))).toEqual(list);
      }),
    );
  });

  it("reads a last message whose length is unaligned and whose padding is missing", () => {
    const wire = encodeMessage({
      type: 1,
      flags: 0,
      sequence: 0,
      portId: 0,
      body: Uint8Array.of(7),
    });
    expect(
      decodeMessages(wire.subarray(0, 17)).map(({ body }) => [...body]),
    ).toEqual([[7]]);
  });

  it("refuses lengths that do not get on, or lead beyond the end", () => {
    const wire = encodeMessage({
      type: 1,
      flags: 0,
      sequence: 0,
      portId: 0,
      body: new Uint8Array(4),
    });
    for (const length of [0, 15, 21, 0xffffffff]) {
      new DataView(wire.buffer).setUint32(0, length, true);
      expect(() => decodeMessages(wire)).toThrow(
        `its length ${length} is not from 16 to 20`,
      );
    }
    expect(() => decodeMessages(new Uint8Array(15))).toThrow(
      "15 bytes are left",
    );
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(messages.map(encodeMessages)), (bytes) => {
        expectRangeErrorOrResult(() => decodeMessages(bytes));
      }),
    );
  });

  it("gives plain views even of a Buffer", () => {
    const wire = encodeMessage({
      type: 1,
      flags: 0,
      sequence: 0,
      portId: 0,
      body: new Uint8Array(4),
    });
    expect(decodeMessages(Buffer.from(wire))[0]?.body.constructor).toBe(
      Uint8Array,
    );
  });
});
