import fc from "fast-check";
import { expect, it } from "vitest";
import { joinSorted } from "../../../../plugin/mesh/join-sorted.ts";

/** What sorts alike is told apart by where it comes from. */
type Item = readonly [order: number, origin: string];

const compare = ([a]: Item, [b]: Item): number => a - b;

it("joins lists as if all were sorted together, each of those that sort alike in its place", () => {
  const sorted = fc
    .array(fc.nat({ max: 30 }), { maxLength: 5 })
    .map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(sorted, { maxLength: 5 }), (numbers) => {
      const lists = numbers.map((list, place) =>
        list.map((order, at): Item => [
          order,
          `${String(place)}/${String(at)}`,
        ]),
      );
      expect(joinSorted(lists, compare)).toEqual(lists.flat().sort(compare));
    }),
  );
});
