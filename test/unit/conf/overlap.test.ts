import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cidr, cidrOf, cidrOverlaps } from "../../../ip/cidr.ts";
import {
  firstOverlap,
  overlapping,
  sortByCidr,
} from "../../../conf/overlap.ts";

/** Networks crowded into few addresses, mostly apart. */
const network = fc
  .tuple(
    fc.constantFrom(4, 16),
    fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 }),
    fc.nat({ max: 32 }),
  )
  .map(([length, start, prefix]): Cidr => {
    const bytes = new Uint8Array(length);
    bytes.set(start.map((n) => n * 64));
    return cidrOf(bytes, prefix);
  });

const item = network.map((cidr) => ({ cidr }));

test("firstOverlap() finds a pair exactly when there is one", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), (list) => {
      const naive = list.some((a, i) =>
        list.some((b, j) => i < j && cidrOverlaps(a.cidr, b.cidr)),
      );
      const pair = firstOverlap(list);
      expect(pair !== undefined).toBe(naive);
      if (pair === undefined) return;
      expect(pair[0]).not.toBe(pair[1]);
      expect(cidrOverlaps(pair[0].cidr, pair[1].cidr)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("overlapping() finds the same as looking at each", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), network, (list, cidr) => {
      const apart: (typeof list)[number][] = [];
      for (const next of sortByCidr(list)) {
        if (!apart.some((kept) => cidrOverlaps(kept.cidr, next.cidr))) {
          apart.push(next);
        }
      }
      const naive = apart.filter((other) => cidrOverlaps(other.cidr, cidr));
      expect(overlapping(apart, cidr)).toEqual(naive);
    }),
    { numRuns: 2000 },
  );
});
