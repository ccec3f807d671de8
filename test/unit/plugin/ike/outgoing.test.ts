import { describe, expect, it } from "vitest";
import type { ObservedAssociation } from "../../../../native/index.ts";
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
  it("has the newest outbound SA say that it is of tomorrow", () => {
    const negotiated = [
      associationOf("out", 1, 60),
      associationOf("out", 2, 5),
      associationOf("in", 3, 0),
    ];
    expect(changesOf(keepUsing, { negotiated })).toEqual([[2, DAY]]);
    expect(changesOf(keepUsing, {})).toEqual([]);
  });

  it("changes nothing while one does, so that a rekeyed one waits for its end", () => {
    const negotiated = [
      associationOf("out", 1, 3600 - DAY),
      associationOf("out", 2, 0),
    ];
    expect(changesOf(keepUsing, { negotiated })).toEqual([]);
    const past = [associationOf("out", 1, 1), associationOf("out", 2, 0)];
    expect(changesOf(keepUsing, { negotiated: past })).toEqual([[2, DAY]]);
  });

  it("keeps derived keys in use while there are no others", () => {
    const derived = [associationOf("out", 7, 10 * DAY)];
    expect(changesOf(keepUsing, { derived })).toEqual([[7, DAY]]);
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
