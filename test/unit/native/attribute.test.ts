import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attrBe16,
  attrBe32,
  attrBe64,
  attrBytes,
  attrFlag,
  attrString,
  attrU16,
  attrU32,
  attrU8,
  type Attribute,
  decodeAttributeList,
  decodeAttributes,
  encodeAttributes,
  encodeBody,
  nested,
  nestedPlain,
  NLA_F_NET_BYTEORDER,
  readBe16,
  readBe32,
  readBe64,
  readString,
  readU16,
  readU32,
  readU8,
} from "../../../native/attribute.ts";
import { damaged, expectRangeErrorOrResult } from "../../support/arbitrary.ts";

const lists = fc.array(
  fc.record({ type: fc.nat(0x3fff), value: fc.uint8Array({ maxLength: 40 }) }),
);

/** The only attribute's value, read back from its wire form. */
function roundTrip(attribute: Attribute): Uint8Array {
  return (
    decodeAttributes(encodeAttributes([attribute])).get(
      attribute.type & 0x3fff,
    ) ?? new Uint8Array(0)
  );
}

describe("encodeAttributes()", () => {
  it("pads with zeros what the length does not count", () => {
    const wire = encodeAttributes([attrString(3, "lo"), attrU8(0x102, 7)]);
    expect([...wire]).toEqual([
      7, 0, 3, 0, 0x6c, 0x6f, 0, 0, 5, 0, 2, 1, 7, 0, 0, 0,
    ]);
  });

  it("refuses a value that the 16-bit length cannot count", () => {
    expect(() =>
      encodeAttributes([attrBytes(1, new Uint8Array(0xfffc))]),
    ).toThrow(RangeError);
    expect(
      encodeAttributes([attrBytes(1, new Uint8Array(0xfffb))]),
    ).toHaveLength(0x10000);
  });
});

describe("decodeAttributeList()", () => {
  it("gives back every list that encodeAttributes() took, repeated types too", () => {
    fc.assert(
      fc.property(lists, (list) => {
        expect(decodeAttributeList(encodeAttributes(list))).toEqual(list);
      }),
    );
  });

  it("masks the flags off the type", () => {
    const wire = encodeAttributes([
      nested(5, []),
      attrBytes(6 | NLA_F_NET_BYTEORDER, Uint8Array.of(1)),
    ]);
    expect(decodeAttributeList(wire).map(({ type }) => type)).toEqual([5, 6]);
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(lists.map(encodeAttributes)), (bytes) => {
        expectRangeErrorOrResult(() => decodeAttributeList(bytes));
      }),
    );
  });

  it("reads a last attribute without padding", () => {
    expect(decodeAttributeList(Uint8Array.of(5, 0, 1, 0, 9))).toEqual([
      { type: 1, value: Uint8Array.of(9) },
    ]);
  });

  it("refuses lengths that do not get on, or lead beyond the end", () => {
    expect(() => decodeAttributeList(Uint8Array.of(0, 0, 1, 0))).toThrow(
      "its length 0 is not from 4 to 4",
    );
    expect(() => decodeAttributeList(Uint8Array.of(3, 0, 1, 0))).toThrow(
      RangeError,
    );
    expect(() =>
      decodeAttributeList(Uint8Array.of(9, 0, 1, 0, 1, 2, 3, 4)),
    ).toThrow(RangeError);
    expect(() => decodeAttributeList(Uint8Array.of(4, 0, 1))).toThrow(
      "3 bytes are left",
    );
  });

  it("gives plain views even of a Buffer", () => {
    const [attribute] = decodeAttributeList(Buffer.from([5, 0, 1, 0, 9]));
    expect(attribute?.value.constructor).toBe(Uint8Array);
  });
});

describe("decodeAttributes()", () => {
  it("keeps the last of a repeated type", () => {
    const wire = encodeAttributes([attrU8(1, 1), attrU8(1, 2)]);
    expect(decodeAttributes(wire)).toEqual(new Map([[1, Uint8Array.of(2)]]));
  });
});

describe("nested()", () => {
  it("marks what it holds, nestedPlain() does not", () => {
    const list = [attrU8(1, 7)];
    expect([...encodeAttributes([nested(2, list)])]).toEqual([
      12, 0, 2, 0x80, 5, 0, 1, 0, 7, 0, 0, 0,
    ]);
    expect([...encodeAttributes([nestedPlain(2, list)])]).toEqual([
      12, 0, 2, 0, 5, 0, 1, 0, 7, 0, 0, 0,
    ]);
  });
});

describe("encodeBody()", () => {
  it("puts the attributes after the header", () => {
    expect([...encodeBody(Uint8Array.of(1, 2, 3, 4), [attrFlag(5)])]).toEqual([
      1, 2, 3, 4, 4, 0, 5, 0,
    ]);
  });
});

describe("numbers and texts", () => {
  it("come back as they went", () => {
    const u16s = fc.nat(0xffff);
    const u32s = fc.nat(0xffffffff);
    fc.assert(
      fc.property(
        fc.nat(0xff),
        u16s,
        u32s,
        fc.bigInt(0n, 2n ** 64n - 1n),
        (byte, short, long, wide) => {
          expect(readU8(roundTrip(attrU8(1, byte)))).toBe(byte);
          expect(readU16(roundTrip(attrU16(1, short)))).toBe(short);
          expect(readU32(roundTrip(attrU32(1, long)))).toBe(long);
          expect(readBe16(roundTrip(attrBe16(1, short)))).toBe(short);
          expect(readBe32(roundTrip(attrBe32(1, long)))).toBe(long);
          expect(readBe64(roundTrip(attrBe64(1, wide)))).toBe(wide);
        },
      ),
    );
  });

  it("are in network order where their name says so", () => {
    expect([...attrBe16(1, 0x0102).value]).toEqual([1, 2]);
    expect([...attrBe32(1, 0x01020304).value]).toEqual([1, 2, 3, 4]);
    expect([...attrBe64(1, 0x0102030405060708n).value]).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect([...attrU16(1, 0x0102).value]).toEqual([2, 1]);
  });

  it("are refused where they do not fit", () => {
    expect(() => attrBe64(1, -1n)).toThrow(RangeError);
    expect(() => attrU8(1, 256)).toThrow(RangeError);
  });

  it("are a RangeError where the value is short", () => {
    for (const read of [readU8, readU16, readU32, readBe16, readBe32, readBe64])
      expect(() => read(new Uint8Array(0))).toThrow(RangeError);
    // A view inside of a larger buffer ends where it ends.
    expect(() => readU32(new Uint8Array(8).subarray(0, 3))).toThrow(RangeError);
  });

  it("end a text at its zero byte, if it has one", () => {
    expect(readString(Uint8Array.of(0x61, 0x62, 0, 0x63))).toBe("ab");
    expect(readString(Uint8Array.of(0x61, 0x62))).toBe("ab");
    expect(readString(attrString(1, "größe").value)).toBe("größe");
  });
});
