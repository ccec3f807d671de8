import { describe, expect, it } from "vitest";
import type {
  CurrentChange,
  ObservedAssociation,
} from "../../../../native/index.ts";
import {
  keepUsing,
  madeSeconds,
  useDerived,
} from "../../../../plugin/ike/outgoing.ts";
import { associationOf, NOW } from "./association.ts";
import { tunnel } from "./charon/tunnel.ts";

const DAY = 86_400;

function changesOf(
  choose: typeof keepUsing,
  {
    derived = [],
    negotiated = [],
  }: {
    readonly derived?: readonly ObservedAssociation[];
    readonly negotiated?: readonly ObservedAssociation[];
  },
): [number, number][] {
  const all = { tunnel: tunnel(), derived, negotiated, isAskedFor: false };
  return choose(all, NOW).map(({ spi, current }) => [
    spi,
    Number(current.addTimeSeconds) - NOW,
  ]);
}

describe("keepUsing()", () => {
  it("has an outbound SA of charon's say that it is of tomorrow, once both ends have it", () => {
    const negotiated = [
      associationOf("out", 1, 60),
      associationOf("out", 2, 5),
      associationOf("out", 4, 2),
      associationOf("in", 3, 9),
    ];
    expect(changesOf(keepUsing, { negotiated })).toEqual([[2, DAY - 5]]);
    expect(changesOf(keepUsing, {})).toEqual([]);
  });

  it("changes nothing while that is in use", () => {
    const negotiated = [
      associationOf("out", 1, 3600 - DAY),
      associationOf("out", 2, 0),
    ];
    expect(changesOf(keepUsing, { negotiated })).toEqual([]);
  });

  it("goes over to the next one, whether or not the last one ends", () => {
    const negotiated = [
      associationOf("out", 1, 3600 - DAY),
      associationOf("out", 2, 3),
    ];
    expect(changesOf(keepUsing, { negotiated })).toEqual([[2, DAY - 3]]);
    const later = [
      associationOf("out", 1, 3606 - DAY),
      associationOf("out", 2, 9 - DAY),
    ];
    expect(changesOf(keepUsing, { negotiated: later })).toEqual([]);
  });

  it("keeps derived keys in use until then, and charon's oldest where there are none", () => {
    const derived = [associationOf("out", 7, 10 * DAY)];
    const negotiated = [associationOf("out", 1, 2), associationOf("out", 2, 1)];
    const kept = [[7, DAY - 21_600]];
    expect(changesOf(keepUsing, { derived })).toEqual(kept);
    expect(changesOf(keepUsing, { derived, negotiated })).toEqual(kept);
    expect(changesOf(keepUsing, { negotiated })).toEqual([[1, DAY - 2]]);
    const settled = [associationOf("out", 1, 4)];
    const inUse = [associationOf("out", 7, -2 * DAY)];
    expect(
      changesOf(keepUsing, { derived: inUse, negotiated: settled }),
    ).toEqual([[1, 3 * DAY - 4]]);
  });

  it("keeps charon's in use where the files say derived keys by now", () => {
    const derived = [associationOf("out", 7, 0)];
    const negotiated = [associationOf("out", 1, 2)];
    const all = { tunnel: tunnel(), derived, negotiated, isAskedFor: false };
    const used = (list: readonly CurrentChange[]) => list.map(({ spi }) => spi);
    expect(used(keepUsing(all, NOW, "negotiated"))).toEqual([1]);
    expect(
      used(keepUsing({ ...all, negotiated: [] }, NOW, "negotiated")),
    ).toEqual([7]);
  });
});

describe("useDerived()", () => {
  it("puts derived keys before charon's, once", () => {
    const negotiated = [associationOf("out", 1, -DAY)];
    const derived = [associationOf("out", 7, 9), associationOf("in", 8, 9)];
    expect(changesOf(useDerived, { derived, negotiated })).toEqual([
      [7, 2 * DAY],
    ]);
    const done = [associationOf("out", 7, -2 * DAY)];
    expect(changesOf(useDerived, { derived: done, negotiated })).toEqual([]);
  });
});

describe("madeSeconds()", () => {
  it("is now where the clock was set back, and such an SA is not in use for that", () => {
    const early = associationOf("out", 1, -600);
    expect(madeSeconds(early, NOW)).toBe(NOW);
    expect(changesOf(keepUsing, { negotiated: [early] })).toEqual([[1, DAY]]);
  });

  it.each([0, 9, 3600])(
    "of an SA in use is when that began, %i s ago",
    (age) => {
      for (const days of [0, 1, 2])
        expect(
          madeSeconds(associationOf("out", 1, age - days * DAY), NOW),
        ).toBe(NOW - age);
    },
  );
});
