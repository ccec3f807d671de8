import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  NodeEntry,
  SliceObject,
} from "../../../../../plugin/kubernetes/kinds.ts";
import { sliceChanges } from "../../../../../plugin/kubernetes/publish/slices.ts";

const nodes = (names: readonly number[], at = ""): NodeEntry[] =>
  names.map((name) => ({ name: `n${name}`, at }));

/** The slices once the changes are written. */
function written(have: readonly SliceObject[], wanted: readonly NodeEntry[]) {
  const { create, update, remove, count } = sliceChanges("a", wanted, have);
  const after = new Map(have.map((one) => [one.metadata.name, one.spec.nodes]));
  for (const { name, nodes: some } of [...create, ...update])
    after.set(name, some);
  for (const { metadata } of remove) after.delete(metadata.name);
  expect(after.size).toBe(count);
  const slices = [...after].map(([name, some]): SliceObject => ({
    metadata: { name },
    spec: { cluster: "a", nodes: some },
  }));
  return { slices, writes: create.length + update.length + remove.length };
}

describe("sliceChanges()", () => {
  it("holds every node once, at most 100 a slice, and then writes nothing", () => {
    const some = fc.uniqueArray(fc.integer({ min: 0, max: 450 }), {
      maxLength: 350,
    });
    fc.assert(
      fc.property(some, some, (before, after) => {
        const first = written([], nodes(before)).slices;
        const second = written(first, nodes(after)).slices;
        const held = second.flatMap(({ spec }) =>
          spec.nodes.map(({ name }) => name),
        );
        expect([...held].sort()).toEqual(after.map((one) => `n${one}`).sort());
        for (const { spec } of second)
          expect(spec.nodes.length).toBeLessThanOrEqual(100);
        expect(written(second, nodes(after)).writes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it("writes one slice for a node that changes, comes or goes among 1,000", () => {
    const all = Array.from({ length: 1000 }, (_, i) => i);
    const { slices } = written([], nodes(all));
    expect(slices).toHaveLength(10);
    const changed = nodes(all).map((one, i) =>
      i === 500 ? { ...one, at: "x" } : one,
    );
    expect(written(slices, changed).writes).toBe(1);
    expect(written(slices, nodes([...all, 1000])).writes).toBe(1);
    const without = written(slices, nodes(all.filter((one) => one !== 500)));
    expect(without.writes).toBe(1);
    expect(
      written(
        without.slices,
        nodes([...all.filter((one) => one !== 500), 2000]),
      ).writes,
    ).toBe(1);
  });
});
