import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  be16,
  be32,
  bytes,
  chars,
  i32,
  u16,
  u32,
  u64,
  u8,
} from "../../../native/field.ts";
import { decode, encode, joinBytes, struct } from "../../../native/layout.ts";

const inner = struct("inner", 8, { a: u8, b: be16, c: be32 });
const outer = struct("outer", 48, {
  first: u8,
  inner,
  wide: u64,
  name: chars(6),
  count: u16,
  id: bytes(3),
  total: u32,
  signed: i32,
});

const values = fc.record({
  first: fc.nat(0xff),
  inner: fc.record({
    a: fc.nat(0xff),
    b: fc.nat(0xffff),
    c: fc.nat(0xffffffff),
  }),
  wide: fc.bigInt(0n, 2n ** 64n - 1n),
  name: fc.stringMatching(/^[!-~]{0,5}$/),
  count: fc.nat(0xffff),
  id: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  total: fc.nat(0xffffffff),
  signed: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
});

describe("struct()", () => {
  it("places fields at their natural alignment, as a C compiler does", () => {
    expect(outer.offsets).toEqual({
      first: 0,
      inner: 4,
      wide: 16,
      name: 24,
      count: 30,
      id: 32,
      total: 36,
      signed: 40,
    });
    expect(outer.align).toBe(8);
  });

  it("refuses a size that is not the fields'", () => {
    expect(() => struct("wrong", 7, { a: u8, b: u32 })).toThrow(
      "Cannot lay out struct wrong: its fields take 8 bytes, not 7",
    );
  });

  it("pads its end to its widest field", () => {
    expect(struct("padded", 16, { a: u64, b: u8 }).size).toBe(16);
  });
});

describe("encode()", () => {
  it("writes host and network order where they belong", () => {
    const value = { a: 1, b: 0x0203, c: 0x04050607 };
    expect([...encode(inner, value)]).toEqual([1, 0, 2, 3, 4, 5, 6, 7]);
    // Both architectures that are supported, x86-64 and arm64, are little-endian.
    expect([...encode(u32, 0x01020304)]).toEqual([4, 3, 2, 1]);
  });

  it("leaves what is not given, and padding, zero", () => {
    expect(encode(outer, { count: 0xffff })).toEqual(
      Uint8Array.from({ length: 48 }, (_, index) =>
        index === 30 || index === 31 ? 0xff : 0,
      ),
    );
  });

  it("names the field that a number does not fit in", () => {
    expect(() => encode(outer, { inner: { b: 70000 } })).toThrow(
      "Cannot encode 70000: it is not an integer from 0 to 65535 (inner.b) (outer.inner)",
    );
  });

  it("refuses fractions, negatives, long bytes and long text", () => {
    expect(() => encode(u32, 1.5)).toThrow(RangeError);
    expect(() => encode(u8, -1)).toThrow(RangeError);
    expect(() => encode(u64, -1n)).toThrow(RangeError);
    expect(() => encode(u64, 2n ** 64n)).toThrow(RangeError);
    expect(() => encode(bytes(2), new Uint8Array(3))).toThrow(RangeError);
    expect(() => encode(chars(4), "four")).toThrow(RangeError);
    expect(() => encode(chars(4), "é\u0100")).toThrow(RangeError);
  });

  it("pads shorter bytes with zeros", () => {
    expect([...encode(bytes(4), Uint8Array.of(7))]).toEqual([7, 0, 0, 0]);
  });
});

describe("decode()", () => {
  it("gives back every value that encode() took", () => {
    fc.assert(
      fc.property(values, fc.nat(9), (value, shift) => {
        const placed = joinBytes([new Uint8Array(shift), encode(outer, value)]);
        expect(decode(outer, placed, shift)).toEqual(value);
      }),
    );
  });

  it("reads the right bytes of a view that starts inside of its buffer", () => {
    const buffer = Uint8Array.of(9, 9, 1, 0, 2, 3, 4, 5, 6, 7);
    expect(decode(inner, buffer.subarray(2))).toEqual({
      a: 1,
      b: 0x0203,
      c: 0x04050607,
    });
  });

  it("throws RangeError where the bytes end before the struct does", () => {
    fc.assert(
      fc.property(fc.nat(47), (length) => {
        expect(() => decode(outer, new Uint8Array(length))).toThrow(RangeError);
      }),
    );
    expect(() => decode(inner, new Uint8Array(16), 9)).toThrow(
      "Cannot decode struct inner: it needs 8 bytes at 9 and there are 16",
    );
    expect(() => decode(inner, new Uint8Array(16), -1)).toThrow(RangeError);
    // The buffer has more before and after the view of it.
    expect(() => decode(bytes(2), new Uint8Array(8).subarray(4), -1)).toThrow(
      RangeError,
    );
    expect(() => decode(u32, new Uint8Array(16).subarray(0, 3))).toThrow(
      RangeError,
    );
  });
});
