import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  CurrentChange,
  ObservedAssociation,
} from "../../../../native/index.ts";
import type { TunnelAssociations } from "../../../../plugin/ike/associations.ts";
import {
  isUnsettled,
  keepUsing,
  madeSeconds,
  SETTLE_SECONDS,
  useDerived,
} from "../../../../plugin/ike/outgoing.ts";
import { associationOf, childOf, NOW } from "./association.ts";
import { tunnel } from "./charon/tunnel.ts";

const DAY = 86_400;

/** Charon lists all of its SAs unless said otherwise. */
function associationsOf({
  negotiated = [],
  ...rest
}: Partial<TunnelAssociations>): TunnelAssociations {
  return {
    tunnel: tunnel(),
    derived: [],
    negotiated,
    isAskedFor: false,
    children: negotiated.map(({ spi }) => childOf(spi + 100, spi)),
    ...rest,
  };
}

function changesOf(
  choose: typeof keepUsing,
  some: Partial<TunnelAssociations>,
): [number, number][] {
  return choose(associationsOf(some), NOW).map(({ spi, current }) => [
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
    expect(changesOf(keepUsing, { negotiated })).toEqual([
      [2, DAY - 5],
      [1, DAY - 60],
    ]);
    expect(changesOf(keepUsing, {})).toEqual([]);
  });

  it("of two pairs that are rekeyed keeps the other one before what the other end may not have", () => {
    const pairs = [
      associationOf("out", 1, 3600 - DAY),
      associationOf("out", 2, 3599 - DAY),
    ];
    const rekeyed = [associationOf("out", 3, 0), associationOf("out", 4, 0)];
    expect(
      changesOf(keepUsing, { negotiated: [...pairs, ...rekeyed] }),
    ).toEqual([]);
    const together = [associationOf("out", 1, 5), associationOf("out", 2, 5)];
    expect(changesOf(keepUsing, { negotiated: together })).toEqual([
      [1, 2 * DAY - 5],
      [2, DAY - 5],
    ]);
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

  it("whatever goes, sends by none that the other end may not have while there is another", () => {
    const age = fc.integer({ min: 0, max: 3600 });
    const days = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(age, days), { minLength: 1 }), (made) => {
        const negotiated = made.map(([seconds, ahead], spi) =>
          associationOf(
            "out",
            spi,
            seconds - (seconds < SETTLE_SECONDS ? 0 : ahead * DAY),
          ),
        );
        const changed = new Map(changesOf(keepUsing, { negotiated }));
        const timeOf = (spi: number) =>
          changed.get(spi) ??
          Number(negotiated[spi]?.current.addTimeSeconds) - NOW;
        const timesOf = (isNew: boolean) =>
          made.flatMap(([seconds], spi) =>
            seconds < SETTLE_SECONDS === isNew ? [timeOf(spi)] : [],
          );
        const [sure, unsure] = [timesOf(false), timesOf(true)];
        if (sure.length > 0)
          expect(Math.min(...sure)).toBeGreaterThan(Math.max(...unsure));
      }),
    );
  });

  it("waits for longer while the other end has not deleted what a rekeying replaces", () => {
    const before = [associationOf("out", 1, 3600 - DAY)];
    const negotiated = [...before, associationOf("out", 2, 59)];
    const rekeyed = childOf(101, 1, "REKEYED");
    const children = [rekeyed, childOf(102, 2)];
    expect(changesOf(keepUsing, { negotiated, children })).toEqual([]);
    expect(
      changesOf(keepUsing, {
        negotiated: [...before, associationOf("out", 2, 60)],
        children,
      }),
    ).toEqual([[2, DAY - 60]]);
  });

  it("waits for longer for what charon has not listed", () => {
    const negotiated = [
      associationOf("out", 1, 3600 - DAY),
      associationOf("out", 2, 59),
    ];
    const children = [childOf(101, 1)];
    expect(changesOf(keepUsing, { negotiated, children })).toEqual([]);
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
    const all = associationsOf({ derived, negotiated });
    const used = (list: readonly CurrentChange[]) => list.map(({ spi }) => spi);
    expect(used(keepUsing(all, NOW, "negotiated"))).toEqual([1]);
    expect(
      used(keepUsing({ ...all, negotiated: [] }, NOW, "negotiated")),
    ).toEqual([7]);
  });
});

describe("isUnsettled()", () => {
  it("is a tunnel whose other end may not have an SA of what this one sends", () => {
    const isNew = (...negotiated: ObservedAssociation[]) =>
      isUnsettled(associationsOf({ negotiated }), NOW);
    expect(isNew(associationOf("out", 1, 2))).toBe(true);
    expect(isNew(associationOf("out", 1, 3), associationOf("in", 2, 3))).toBe(
      false,
    );
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
