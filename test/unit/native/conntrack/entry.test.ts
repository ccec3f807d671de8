import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF_INET, AF_INET6 } from "../../../../native/address.ts";
import {
  decodeAttributes,
  encodeAttributes,
} from "../../../../native/attribute.ts";
import {
  decodeEntry,
  deleteEntry,
} from "../../../../native/conntrack/entry.ts";
import {
  decodeTuple,
  encodeTuple,
  type Tuple,
} from "../../../../native/conntrack/tuple.ts";
import { decodeNetfilter } from "../../../../native/nfnetlink.ts";
import { expectSameBytes, golden } from "../../../support/golden.ts";

const DELETE = 0x102;
const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const recorded = (name: string) =>
  Uint8Array.from(golden(`conntrack/${name}`, DELETE)[0]!.body);
const tupleOf = (body: Uint8Array, type = 1) =>
  decodeNetfilter(body).attributes.get(type)!;

describe("decodeEntry()", () => {
  it("reads both directions and the mark", () => {
    expect(decodeEntry(recorded("delete-udp"))).toEqual({
      family: AF_INET,
      original: {
        source: bytes(10, 1, 0, 5),
        destination: bytes(10, 2, 0, 6),
        protocol: 17,
        sourcePort: 1111,
        destinationPort: 2222,
      },
      reply: {
        source: bytes(10, 2, 0, 7),
        destination: bytes(172, 16, 0, 1),
        protocol: 17,
        sourcePort: 2223,
        destinationPort: 1112,
      },
      status: 8,
      mark: 7,
    });
  });

  it("throws RangeError on noise, and nothing worse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
        expect(() => decodeEntry(noise)).toThrow(RangeError);
      }),
    );
  });
});

describe("deleteEntry()", () => {
  it.each(["delete-udp", "delete-icmp", "delete-icmpv6"])(
    "names the entry of %s with the tuple that conntrack sends",
    (name) => {
      const entry = decodeEntry(recorded(name));
      const { body } = deleteEntry(entry);
      expect(body[0]).toBe(recorded(name)[0]);
      expectSameBytes(tupleOf(body), tupleOf(recorded(name)));
      expectSameBytes(
        decodeAttributes(encodeAttributes([encodeTuple(2, entry.reply)])).get(
          2,
        )!,
        tupleOf(recorded(name), 2),
      );
    },
  );

  it("sends id and zone where they are known", () => {
    const entry = decodeEntry(recorded("delete-icmpv6"));
    const { body } = deleteEntry({ ...entry, id: 0x01020304, zone: 0x0506 });
    expect(body[0]).toBe(AF_INET6);
    expect([...decodeNetfilter(body).attributes.get(12)!]).toEqual([
      1, 2, 3, 4,
    ]);
    expect([...decodeNetfilter(body).attributes.get(18)!]).toEqual([5, 6]);
  });
});

describe("encodeTuple()", () => {
  it("gives back every tuple", () => {
    fc.assert(
      fc.property(tuple, (value) => {
        const attribute = encodeTuple(1, value);
        expect(decodeTuple(attribute.value)).toEqual(value);
      }),
    );
  });
});

const port = fc.nat(0xffff);
const byte = fc.nat(0xff);
const addresses = fc.constantFrom(4, 16).chain((length) =>
  fc.record({
    source: fc.uint8Array({ minLength: length, maxLength: length }),
    destination: fc.uint8Array({ minLength: length, maxLength: length }),
  }),
);
const tuple: fc.Arbitrary<Tuple> = fc
  .tuple(
    addresses,
    fc.oneof(
      fc.record({
        protocol: byte,
        sourcePort: port,
        destinationPort: port,
        zone: port,
      }),
      fc.record({
        protocol: byte,
        icmp: fc.record({ id: port, type: byte, code: byte }),
      }),
    ),
  )
  .map(([ends, rest]) => ({ ...ends, ...rest }));
