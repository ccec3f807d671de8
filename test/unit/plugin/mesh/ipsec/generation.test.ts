import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accepted,
  generationsIn,
  SLOTS,
  slotOf,
} from "../../../../../plugin/mesh/ipsec/generation.ts";

describe("accepted()", () => {
  it("has the first, and those around the one that was heard", () => {
    expect([0, 1, 2, 9].map(accepted)).toEqual([
      [0, 1],
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 8, 9, 10],
    ]);
  });

  it("gives each a slot of its own, and a receiver that follows loses no slot of what it still accepts", () => {
    fc.assert(
      fc.property(fc.nat(100_000), (heard) => {
        const slots = accepted(heard).map(slotOf);
        expect(new Set(slots).size).toBe(slots.length);
        for (const slot of slots) expect(slot).toBeLessThan(SLOTS);
        expect(accepted(heard + 1)).toEqual(
          expect.arrayContaining([0, heard, heard + 1]),
        );
      }),
    );
  });

  it("is told apart by slot", () => {
    for (let slot = 0; slot < SLOTS; slot++)
      expect(generationsIn(slot, 5).map(slotOf)).toEqual(
        slot === 0 ? [0] : [slot, slot, slot, slot, slot],
      );
  });
});
