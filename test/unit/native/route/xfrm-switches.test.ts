import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attrBytes,
  encodeAttributes,
  nested,
} from "../../../../native/attribute.ts";
import { decodeXfrmSwitches } from "../../../../native/route/xfrm-switches.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";

/** An array of settings in which these are 1. */
function settings(length: number, ...on: readonly number[]): Uint8Array {
  const array = new Uint32Array(length);
  for (const place of on) array[place] = 1;
  return new Uint8Array(array.buffer);
}

function afSpec(ipv4: Uint8Array, ipv6: Uint8Array): Uint8Array {
  return encodeAttributes([
    nested(2, [attrBytes(1, ipv4)]),
    nested(10, [attrBytes(2, ipv6)]),
  ]);
}

describe("decodeXfrmSwitches()", () => {
  it("finds each in its place", () => {
    const off = {
      disableXfrm: false,
      disablePolicy: false,
      disablePolicyIpv6: false,
    };
    const read = (ipv4: Uint8Array, ipv6: Uint8Array) =>
      decodeXfrmSwitches(afSpec(ipv4, ipv6));
    expect(read(settings(33, 14), settings(60))).toEqual({
      ...off,
      disableXfrm: true,
    });
    expect(read(settings(33, 15), settings(60))).toEqual({
      ...off,
      disablePolicy: true,
    });
    expect(read(settings(33), settings(60, 48))).toEqual({
      ...off,
      disablePolicyIpv6: true,
    });
  });

  it("is undefined where none is on, the kernel is older, or has none", () => {
    expect(decodeXfrmSwitches(undefined)).toBeUndefined();
    expect(
      decodeXfrmSwitches(afSpec(settings(33, 13, 16), settings(60, 47, 49))),
    ).toBeUndefined();
    expect(
      decodeXfrmSwitches(afSpec(settings(3), settings(48))),
    ).toBeUndefined();
  });

  it("throws nothing but RangeError", () => {
    const valid = fc.constant(afSpec(settings(33, 14), settings(60, 48)));
    fc.assert(
      fc.property(damaged(valid), (bytes) => {
        expectRangeErrorOrResult(() => decodeXfrmSwitches(bytes));
      }),
    );
  });
});
