import fc from "fast-check";
import { SocketAddress } from "node:net";
import { describe, expect, it } from "vitest";
import {
  addressLength,
  familyOf,
  formatAddress,
  formatPrefix,
  sameBytes,
} from "../../../native/address.ts";
import { address } from "../../support/arbitrary.ts";

const ipv6 = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex, "hex"));

describe("familyOf()", () => {
  it("tells the family by the length, and addressLength() back", () => {
    expect(familyOf(new Uint8Array(4))).toBe(2);
    expect(familyOf(new Uint8Array(16))).toBe(10);
    expect([addressLength(2), addressLength(10)]).toEqual([4, 16]);
  });

  it("refuses anything else", () => {
    expect(() => familyOf(new Uint8Array(6))).toThrow("an address of 6 bytes");
    expect(() => addressLength(7)).toThrow(RangeError);
  });
});

describe("formatAddress()", () => {
  // RFC 5952 §4: the examples of its rules.
  it.each([
    ["20010db8000000000000000000000001", "2001:db8::1"],
    ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
    ["20010000000000010000000000000001", "2001:0:0:1::1"],
    ["20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000000000001", "::1"],
    ["00010000000000000000000000000000", "1::"],
    ["0000aabb000000000000000000000000", "0:aabb::"],
  ])("writes %s as %s", (hex, text) => {
    expect(formatAddress(ipv6(hex))).toBe(text);
  });

  it("writes what Node reads back as the same address", () => {
    fc.assert(
      fc.property(fc.oneof(address(4), address(16)), (bytes) => {
        const family = bytes.length === 4 ? "ipv4" : "ipv6";
        const again = new SocketAddress({
          address: formatAddress(bytes),
          family,
        }).address;
        // Node writes some with a dotted end, which the canonical form here never has.
        if (!again.includes(".") || family === "ipv4")
          expect(formatAddress(bytes)).toBe(again);
      }),
    );
  });
});

describe("formatPrefix()", () => {
  it("adds the length", () => {
    expect(
      formatPrefix({ address: Uint8Array.of(10, 0, 0, 0), length: 8 }),
    ).toBe("10.0.0.0/8");
  });
});

describe("sameBytes()", () => {
  it("compares length and content", () => {
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
  });
});
