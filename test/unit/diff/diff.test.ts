import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diff, type Kind } from "../../../diff/diff.ts";

interface Thing {
  readonly id: number;
  readonly value: number;
  readonly ours: boolean;
}

const THINGS: Kind<Thing, Thing> = {
  identity: ({ id }) => String(id),
  owns: ({ ours }) => ours,
  equals: (wanted, found) => wanted.value === found.value,
};

function thing(id: number, value: number, ours = true): Thing {
  return { id, value, ours };
}

describe("diff()", () => {
  it("names what is missing, changed and stale", () => {
    const found = diff(
      [thing(1, 1), thing(2, 2), thing(3, 3)],
      [thing(2, 2), thing(3, 0), thing(4, 4)],
      THINGS,
    );
    expect(found).toEqual({
      missing: [thing(1, 1)],
      changed: [{ wanted: thing(3, 3), found: thing(3, 0) }],
      stale: [thing(4, 4)],
      conflicts: [],
    });
  });

  it("leaves alone what somebody else made, wherever it stands", () => {
    const others = [thing(1, 0, false), thing(9, 9, false)];
    const found = diff([thing(1, 1)], others, THINGS);
    expect(found).toEqual({
      missing: [],
      changed: [],
      stale: [],
      conflicts: [{ wanted: thing(1, 1), found: thing(1, 0, false) }],
    });
  });

  it.each([
    ["yield", { changed: 0, conflicts: 0 }],
    ["take", { changed: 1, conflicts: 0 }],
    ["conflict", { changed: 0, conflicts: 1 }],
  ] as const)(
    "does with somebody else's as the kind says: %s",
    (foreign, count) => {
      const found = diff([thing(1, 1)], [thing(1, 0, false)], {
        ...THINGS,
        foreign,
      });
      expect({
        changed: found.changed.length,
        conflicts: found.conflicts.length,
      }).toEqual(count);
    },
  );

  it("is content with one of several that share an identity", () => {
    const found = diff(
      [thing(1, 1)],
      [thing(1, 0), thing(1, 1, false)],
      THINGS,
    );
    expect([found.missing, found.changed, found.conflicts]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it("changes ours, not somebody else's, where neither serves", () => {
    const found = diff(
      [thing(1, 1)],
      [thing(1, 5, false), thing(1, 0)],
      THINGS,
    );
    expect(found.changed).toEqual([
      { wanted: thing(1, 1), found: thing(1, 0) },
    ]);
    expect(found.conflicts).toEqual([]);
  });

  it("counts what is wanted twice once", () => {
    const found = diff([thing(1, 1), thing(1, 2)], [], THINGS);
    expect(found.missing).toEqual([thing(1, 2)]);
  });

  it("is empty once it has been carried out, and never touches others' objects", () => {
    const things = fc.array(
      fc.record({
        id: fc.nat(8),
        value: fc.nat(3),
        ours: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(things, things, (desired, observed) => {
        const wanted = desired.map((one) => ({ ...one, ours: true }));
        const first = diff(wanted, observed, THINGS);
        const gone = new Set<Thing>([
          ...first.stale,
          ...first.changed.map(({ found }) => found),
        ]);
        expect([...gone].every(({ ours }) => ours)).toBe(true);
        const after = [
          ...observed.filter((one) => !gone.has(one)),
          ...first.missing,
          ...first.changed.map((pair) => pair.wanted),
        ];
        const second = diff(wanted, after, THINGS);
        expect({ ...second, conflicts: [] }).toEqual({
          missing: [],
          changed: [],
          stale: [],
          conflicts: [],
        });
        expect(second.conflicts).toEqual(first.conflicts);
      }),
    );
  });
});
