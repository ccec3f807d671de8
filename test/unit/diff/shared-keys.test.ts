import fc from "fast-check";
import { expect, it } from "vitest";
import { keyIndex } from "../../../diff/shared-keys.ts";

interface Thing {
  readonly key: number;
}

const lists = fc.array(
  fc.array(fc.record({ key: fc.nat({ max: 6 }) }), { maxLength: 4 }),
  { minLength: 4, maxLength: 4 },
);

/** Which of the lists are there at each time. */
const times = fc.array(fc.subarray([0, 1, 2, 3]), {
  minLength: 1,
  maxLength: 8,
});

it("has the items that lists have together, whichever were there before", () => {
  fc.assert(
    fc.property(lists, times, (all, each) => {
      const index = keyIndex(({ key }: Thing) => key);
      for (const there of each) {
        const now = there.map((place) => all[place]!);
        const { get, shared } = index(now);
        const items = Map.groupBy(now.flat(), ({ key }) => key);
        for (let key = 0; key <= 6; key += 1) {
          const wanted = items.get(key) ?? [];
          expect(new Set(get(key))).toEqual(new Set(wanted));
          expect(get(key)).toHaveLength(wanted.length);
          expect(shared.get(key)?.length ?? 0).toBe(
            wanted.length > 1 ? wanted.length : 0,
          );
        }
      }
    }),
  );
});
