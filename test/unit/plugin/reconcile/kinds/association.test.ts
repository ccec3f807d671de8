import { describe, expect, it } from "vitest";
import { Key } from "../../../../../native/xfrm/key.ts";
import type {
  ObservedAssociation,
  SecurityAssociation,
} from "../../../../../native/xfrm/sa.ts";
import { associations } from "../../../../../plugin/reconcile/kinds/association.ts";
import { stepsBetween } from "../../../../../plugin/reconcile/steps.ts";

const OURS = 0x434c0001;
const CHARONS = 0x434c0002;
const THEIRS = 7;

const KIND = associations({
  owns: (reqid) => reqid !== THEIRS,
  keeps: (reqid) => reqid === CHARONS,
});

function sa(spi: number, more: Partial<SecurityAssociation> = {}) {
  return {
    source: Uint8Array.of(172, 17, 0, 2),
    destination: Uint8Array.of(203, 0, 113, 2),
    spi,
    reqid: OURS,
    mode: "tunnel",
    replayWindow: 0,
    aead: {
      algorithm: "rfc4106(gcm(aes))",
      key: new Key(new Uint8Array(36).fill(1)),
      icvBits: 128,
    },
    ...more,
  } satisfies SecurityAssociation;
}

const found = (
  spi: number,
  more: Partial<ObservedAssociation> = {},
): ObservedAssociation =>
  ({ ...sa(spi), protocol: 50, foreign: [], ...more }) as ObservedAssociation;

const otherKey = sa(1, {
  aead: { ...sa(1).aead, key: new Key(new Uint8Array(36).fill(2)) },
}).aead;

function verbs(wanted: SecurityAssociation[], there: ObservedAssociation[]) {
  const { needed, stale, conflicts } = stepsBetween(wanted, there, KIND);
  return {
    needed: Array.from(needed, ({ verb }) => verb),
    stale: stale.map(({ association }) => association.spi),
    conflicts: conflicts.map((text) => text.replace(/ SA [0-9].*/, "")),
  };
}

const nothing = { needed: [], stale: [], conflicts: [] };

describe("SAs", () => {
  it("that serve are left alone, and what is missing is added", () => {
    expect(verbs([sa(1)], [found(1)])).toEqual(nothing);
    expect(verbs([sa(1)], [])).toEqual({ ...nothing, needed: ["add"] });
  });

  it("of ours that differ are replaced", () => {
    const moved = found(1, { source: Uint8Array.of(172, 17, 0, 9) });
    expect(verbs([sa(1)], [moved])).toEqual({
      ...nothing,
      needed: ["replace"],
    });
  });

  it("of ours with another key are replaced: another generation, or another static key", () => {
    expect(verbs([sa(1)], [found(1, { aead: otherKey })])).toEqual({
      ...nothing,
      needed: ["replace"],
    });
  });

  it("of another program in ours' place are a conflict", () => {
    expect(verbs([sa(1)], [found(1, { reqid: THEIRS })])).toEqual({
      ...nothing,
      conflicts: ["another program's SA stands where crosslink needs"],
    });
  });

  it("that nobody wants go, but for charon's, others' and those that are no ESP of our making", () => {
    const { aead: _, ...bare } = found(4);
    expect(
      verbs(
        [],
        [
          found(1),
          found(2, { reqid: CHARONS }),
          found(3, { reqid: THEIRS }),
          bare,
          found(5, { protocol: 51 }),
        ],
      ),
    ).toEqual({ ...nothing, stale: [1] });
  });
});
