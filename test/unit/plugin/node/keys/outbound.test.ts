import { describe, expect, it } from "vitest";
import {
  LAST_SEQUENCE,
  nextOutbound,
  type Past,
  TURN,
} from "../../../../../plugin/node/keys/outbound.ts";

const NOTHING: Past = {
  noted: undefined,
  standing: undefined,
  newest: 0,
  isForgotten: false,
  isLast: false,
};
const now = { milliseconds: 1_000_000, octets: 5_000_000_000 };

function noted(generation: number, sequence: number, ago = 0, octets = 0) {
  return {
    generation,
    sequence,
    at: {
      milliseconds: now.milliseconds - ago,
      octets: now.octets - octets,
    },
  };
}

function standing(generation: number, sequence: number, serves = true) {
  return { generation, sequence, serves };
}

const next = (past: Partial<Past>) =>
  nextOutbound({ ...NOTHING, ...past }, now, () => 0.5);

describe("nextOutbound()", () => {
  it("begins with the first generation, or after a boot with the newest again", () => {
    expect(next({})).toEqual({ generation: 0, sequence: 0, stands: false });
    expect(next({ newest: 7 })).toMatchObject({ generation: 7, sequence: 0 });
  });

  it("keeps an SA that stands, whatever was noted before", () => {
    for (const past of [{}, { noted: noted(2, 10) }])
      expect(next({ ...past, standing: standing(2, 99), newest: 2 })).toEqual({
        generation: 2,
        sequence: 99,
        stands: true,
      });
  });

  it("goes on to the next generation from half of the numbers on", () => {
    expect(next({ standing: standing(0, TURN - 1) }).stands).toBe(true);
    expect(next({ standing: standing(0, TURN) })).toEqual({
      generation: 1,
      sequence: 0,
      stands: false,
    });
  });

  it("makes an SA that was lost anew ahead of all that it can have sent", () => {
    const { generation, sequence } = next({ noted: noted(0, 100, 2000, 7000) });
    expect(generation).toBe(0);
    expect(sequence).toBeGreaterThanOrEqual(7100);
    expect(sequence).toBeLessThan(100_000);
    const fast = next({ noted: noted(0, 100, 2000, 4_000_000_000) });
    expect(fast.sequence).toBeGreaterThanOrEqual(20_000_100);
    expect(fast.sequence).toBeLessThan(40_000_000);
  });

  it("goes on to the next generation where a lost SA may have come half of the way", () => {
    const past = { noted: noted(3, 100, 3_600_000, 4_000_000_000), newest: 3 };
    expect(next(past)).toMatchObject({ generation: 4, sequence: 0 });
    expect(next({ noted: noted(0, TURN - 1) })).toMatchObject({
      generation: 1,
    });
  });

  it("goes on where a clock or a counter seems to have gone back, or another SA stands than was noted", () => {
    expect(next({ noted: noted(0, 1, -1) })).toMatchObject({ generation: 1 });
    expect(next({ noted: noted(0, 1, 1000, -1) }).sequence).toBeGreaterThan(
      10_000_000,
    );
    expect(
      next({ noted: noted(2, 50), standing: standing(1, 3), newest: 2 }),
    ).toMatchObject({ generation: 2, stands: false });
  });

  it("goes on where an SA that stands has to be made anew", () => {
    expect(next({ standing: standing(1, 3, false), newest: 1 })).toMatchObject({
      generation: 2,
      sequence: 0,
    });
  });

  it("takes the next generation, at a random number, where nothing is known of SAs that were there", () => {
    expect(next({ isForgotten: true })).toEqual({
      generation: 1,
      sequence: TURN / 4,
      stands: false,
    });
  });

  it("has one generation with a static key, whose counter goes on to its end", () => {
    const isLast = true;
    expect(next({ isLast, standing: standing(0, TURN) }).stands).toBe(true);
    expect(
      next({ isLast, noted: noted(0, 5, 3_600_000, 2 ** 33) }),
    ).toMatchObject({ generation: 0, sequence: LAST_SEQUENCE });
    expect(next({ isLast, standing: standing(0, 9, false) })).toMatchObject({
      generation: 0,
      stands: false,
    });
    expect(next({ isLast, isForgotten: true }).generation).toBe(0);
  });
});
