import { describe, expect, it } from "vitest";
import {
  innerMtu,
  segmentSize,
  USUAL_INNER_MTU,
} from "../../../../plugin/mesh/mtu.ts";

describe("innerMtu()", () => {
  // The first two as measured on real tunnels; the others follow from the headers.
  it.each([
    [1500, 4, false, 1446],
    [1500, 4, true, 1438],
    [1500, 6, false, 1426],
    [1400, 4, false, 1346],
  ] as const)(
    "of %i over IPv%i, in UDP %s, is %i",
    (outer, family, inUdp, inner) => {
      expect(innerMtu(outer, { family, inUdp })).toBe(inner);
    },
  );

  it("is the usual one where nothing is known", () => {
    expect(innerMtu(1500, { family: 4, inUdp: false })).toBe(USUAL_INNER_MTU);
  });

  it("always leaves a packet that fits with its padding", () => {
    for (let outer = 576; outer <= 9000; outer++) {
      const inner = innerMtu(outer, { family: 4, inUdp: false });
      const padded = Math.ceil((inner + 2) / 4) * 4;
      expect(20 + 8 + 8 + padded + 16).toBeLessThanOrEqual(outer);
    }
  });
});

describe("segmentSize()", () => {
  it("leaves room for the headers", () => {
    expect(segmentSize(1446, 4)).toBe(1406);
    expect(segmentSize(1446, 6)).toBe(1386);
  });
});
