import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeNextHops,
  encodeGateway,
  encodeNextHops,
} from "../../../../native/route/next-hop.ts";
import {
  address,
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";

const hops = fc.array(
  fc.record(
    {
      gateway: fc.oneof(address(4), address(16)),
      outputInterface: fc.nat(0x7fffffff),
      weight: fc.integer({ min: 1, max: 256 }),
    },
    { requiredKeys: ["outputInterface", "weight"] },
  ),
  { maxLength: 6 },
);

describe("encodeGateway()", () => {
  it("names the family where it is not the route's", () => {
    const gateway = Uint8Array.of(10, 0, 0, 1);
    expect(encodeGateway(gateway, 2)).toEqual({ type: 5, value: gateway });
    expect(encodeGateway(gateway, 10)).toEqual({
      type: 18,
      value: Uint8Array.of(2, 0, 10, 0, 0, 1),
    });
  });
});

describe("encodeNextHops()", () => {
  it("refuses a weight that the header cannot count", () => {
    expect(() =>
      encodeNextHops([{ outputInterface: 1, weight: 0 }], 2),
    ).toThrow(RangeError);
    expect(() =>
      encodeNextHops([{ outputInterface: 1, weight: 257 }], 2),
    ).toThrow(RangeError);
  });
});

describe("decodeNextHops()", () => {
  it("gives back every list that encodeNextHops() took", () => {
    fc.assert(
      fc.property(hops, fc.constantFrom(2, 10), (list, family) => {
        expect(decodeNextHops(encodeNextHops(list, family))).toEqual(list);
      }),
    );
  });

  it("throws RangeError for damaged bytes and nothing else, and always ends", () => {
    fc.assert(
      fc.property(
        damaged(hops.map((list) => encodeNextHops(list, 2))),
        (bytes) => {
          expectRangeErrorOrResult(() => decodeNextHops(bytes));
        },
      ),
    );
  });
});
