import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Cidr,
  cidrContains,
  cidrOf,
  compareCidrs,
} from "../../../ip/cidr.ts";
import { coveringIndex, firstInside } from "../../../ip/search.ts";

/** Networks crowded into few addresses, so that many nest and some are alike. */
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

const networks = fc.array(network, { maxLength: 30 });
const itself = (cidr: Cidr): Cidr => cidr;

test("firstInside() finds what looking at each would, also where networks nest", () => {
  fc.assert(
    fc.property(networks, network, (list, cidr) => {
      const sorted = list.toSorted(compareCidrs);
      const naive = sorted.find((each) => cidrContains(cidr, each));
      expect(firstInside(sorted, cidr, itself)?.text).toBe(naive?.text);
    }),
    { numRuns: 3000 },
  );
});

test("coveringIndex() finds all that looking at each would, the widest first", () => {
  fc.assert(
    fc.property(networks, network, (list, cidr) => {
      const items = list.map((each, place) => ({ each, place }));
      const found = coveringIndex(items, ({ each }) => each)(cidr);
      const naive = items
        .filter(({ each }) => cidrContains(each, cidr))
        .sort((a, b) => a.each.prefix - b.each.prefix || a.place - b.place);
      expect(found).toEqual(naive);
    }),
    { numRuns: 3000 },
  );
});
