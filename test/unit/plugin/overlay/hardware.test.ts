import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../native/address.ts";
import {
  hardwareAddressOf,
  linkLocalOf,
} from "../../../../plugin/overlay/hardware.ts";
import { address } from "../../../support/arbitrary.ts";

describe("hardwareAddressOf()", () => {
  it("holds an IPv4 address as it is", () => {
    expect([...hardwareAddressOf(Uint8Array.of(172, 31, 2, 11))]).toEqual([
      0x02, 0x43, 172, 31, 2, 11,
    ]);
  });

  it("is one that IEEE gives to nobody, and never a group's", () => {
    fc.assert(
      fc.property(fc.oneof(address(4), address(16)), (one) => {
        const made = hardwareAddressOf(one);
        expect(made).toHaveLength(6);
        expect((made[0] ?? 0) & 3).toBe(2);
      }),
    );
  });

  it("is another for every address", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(address(4), address(16)), {
          selector: String,
        }),
        (all) => {
          const made = new Set(
            all.map((one) => String(hardwareAddressOf(one))),
          );
          expect(made.size).toBe(all.length);
        },
      ),
    );
  });
});

describe("linkLocalOf()", () => {
  // RFC 4291, appendix A: 34-56-78-9A-BC-DE becomes 36-56-78-FF-FE-9A-BC-DE.
  it("is what RFC 4291 makes of a hardware address", () => {
    const example = Uint8Array.of(0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde);
    expect(formatAddress(linkLocalOf(example))).toBe(
      "fe80::3656:78ff:fe9a:bcde",
    );
  });
});
