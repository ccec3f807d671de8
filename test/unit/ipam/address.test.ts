import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../ip/cidr.ts";
import {
  addressText,
  isAddressName,
  readAddress,
} from "../../../ipam/address.ts";

describe("readAddress()", () => {
  it.each([
    ["10.1.2.3", "10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["::FFFF:10.1.2.3", "10.1.2.3"],
    ["2001:DB8::0:1", "2001:db8::1"],
  ])("reads %s as %s", (text, expected) => {
    expect(readAddress(text).text).toBe(expected);
  });

  it.each([
    "",
    "10.1.2",
    "010.1.2.3",
    "10.1.2.3\n",
    "fe80::1%eth0",
    "::ffff:1.2.3.999",
  ])("refuses %j", (text) => {
    expect(() => readAddress(text)).toThrow(RangeError);
  });
});

describe("addressText()", () => {
  it("writes what the address itself says, for both families", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 32n - 1n), (value) => {
        const text = addressText(4, value);
        expect(parseAddress(text).text).toBe(text);
        const six = addressText(6, (0xfd00n << 112n) + value);
        expect(parseAddress(six).text).toBe(six);
      }),
    );
    expect(addressText(4, 0xfffefdfcn)).toBe("255.254.253.252");
    expect(addressText(6, 0xfd00_0000_0000_0001n << 64n)).toBe("fd00:0:0:1::");
  });
});

describe("isAddressName()", () => {
  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "255.255.255.255",
    "fd00::",
    "fd00:0:0:1::7",
  ])("knows %s", (name) => {
    expect(isAddressName(name)).toBe(true);
  });

  it.each([
    "lock",
    "last_reserved_ip.0",
    ".crosslink-draft",
    "10.1.2.3.bak",
    "10.1.2.256",
    "10.1.2.03",
    "FD00::1",
    "fd00:0::1",
    "::ffff:10.1.2.3",
    "a:b",
    "",
  ])("does not take %j for an address", (name) => {
    expect(isAddressName(name)).toBe(false);
  });
});
