import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Candidate,
  electGateway,
  type Grade,
  GRADES,
  HOLD_MS,
} from "../../../../../plugin/kubernetes/publish/elect.ts";

const NOW = 1_000_000;
const LONG_AGO = { active: "a", movedAt: -Infinity };

function candidate(
  name: string,
  grade: Grade,
  traits: Partial<Candidate> = {},
): Candidate {
  const why = grade === "well" ? "" : `it is ${grade}`;
  return { name, grade, why, since: 0, isFresh: true, ...traits };
}

/** Who is in use then, and why it is another than before. */
function elected(
  candidates: readonly Candidate[],
  standing: Parameters<typeof electGateway>[1] = LONG_AGO,
): readonly [string | undefined, string | undefined] {
  const election = electGateway(candidates, standing, NOW);
  return [election?.active.name, election?.cause];
}

describe("electGateway()", () => {
  it("takes the best, and of those the first by name, where none was", () => {
    const none = { active: undefined, movedAt: -Infinity };
    const [b, a] = [candidate("b", "well"), candidate("a", "well")];
    expect(elected([b, a], none)).toEqual(["a", "none was"]);
    expect(elected([candidate("a", "gone"), b], none)[0]).toBe("b");
    expect(elected([candidate("a", "gone")], none)[0]).toBe("a");
    expect(elected([], none)).toEqual([undefined, undefined]);
  });

  it.each(["gone", "doubtful", "cordoned"] as const)(
    "leaves one that is %s for one that is well",
    (grade) => {
      expect(elected([candidate("a", grade), candidate("b", "well")])).toEqual([
        "b",
        `a was, and it is ${grade}`,
      ]);
    },
  );

  it("stays where none is better, and where a better one of before is back", () => {
    for (const grade of GRADES)
      expect(
        elected([candidate("a", grade), candidate("b", grade)]),
        grade,
      ).toEqual(["a", undefined]);
    const back = [candidate("a", "well"), candidate("b", "well")];
    expect(elected(back, { active: "b", movedAt: 0 })).toEqual([
      "b",
      undefined,
    ]);
  });

  it("takes one that is doubted for one that is gone, and not the other way round", () => {
    const [gone, doubtful] = [
      candidate("a", "gone"),
      candidate("b", "doubtful"),
    ];
    expect(elected([gone, doubtful])[0]).toBe("b");
    expect(elected([gone, doubtful], { active: "b", movedAt: 0 })[0]).toBe("b");
  });

  it("leaves one that is no candidate any more at once", () => {
    const held = { active: "z", movedAt: NOW - 1 };
    expect(elected([candidate("a", "gone", { since: NOW })], held)).toEqual([
      "a",
      "z was, and is no gateway any more",
    ]);
  });

  it("believes in silence only where another was heard meanwhile", () => {
    const stale = candidate("b", "well", { isFresh: false });
    const gone = candidate("a", "gone");
    expect(elected([gone, stale])[0]).toBe("a");
    expect(elected([gone, stale, candidate("c", "well")])[0]).toBe("c");
  });

  it("holds itself back from one that has just changed, if it has just moved", () => {
    const gone = candidate("a", "gone", { since: NOW - 1 });
    const changed = candidate("b", "well", { since: NOW - HOLD_MS + 1 });
    const steady = candidate("c", "well", { since: NOW - HOLD_MS });
    const moved = { active: "a", movedAt: NOW - HOLD_MS + 1 };
    expect(elected([gone, changed], moved)[0]).toBe("a");
    expect(elected([gone, changed, steady], moved)[0]).toBe("c");
    const before = { active: "a", movedAt: NOW - HOLD_MS };
    expect(elected([gone, changed], before)[0]).toBe("b");
  });
});

describe("whatever happens to gateways", () => {
  const NAMES = ["a", "b", "c"];
  const state = fc.record({
    grade: fc.constantFrom(...GRADES),
    isFresh: fc.boolean(),
  });
  const MOST_MOVES = 1 + (NAMES.length + 1) * (GRADES.length - 1);
  /** Some time later, each of them is so; one without a state is no gateway then. */
  const step = fc.record({
    pause: fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 500 }), weight: 9 },
      { arbitrary: fc.integer({ min: 1, max: 60_000 }), weight: 1 },
    ),
    states: fc.tuple(...NAMES.map(() => fc.option(state, { freq: 8 }))),
  });

  it("there is one while there can be one, it moves for a cause, to a better one, and not all the time", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 80, size: "max" }),
        (steps) => {
          const since = new Map<string, Candidate>();
          const moves: number[] = [];
          let active: string | undefined;
          let movedAt = -Infinity;
          let now = 0;
          for (const { pause, states } of steps) {
            now += pause;
            const candidates = NAMES.flatMap((name, at) => {
              const is = states[at];
              if (is === undefined || is === null) return [];
              const was = since.get(name);
              const kept = was?.grade === is.grade ? was.since : now;
              const one = candidate(name, is.grade, { ...is, since: kept });
              since.set(name, one);
              return [one];
            });
            const election = electGateway(candidates, { active, movedAt }, now);
            expect(election === undefined).toBe(candidates.length === 0);
            if (election === undefined) continue;
            const before = candidates.find(({ name }) => name === active);
            const isMove = election.active.name !== active;
            expect(election.cause !== undefined).toBe(isMove);
            expect(candidates).toContain(election.active);
            if (isMove && before !== undefined) {
              expect(GRADES.indexOf(election.active.grade)).toBeLessThan(
                GRADES.indexOf(before.grade),
              );
              moves.push(now);
            }
            if (isMove) movedAt = now;
            active = election.active.name;
          }
          // One was not held back; then each that gets worse is not steady, and between those it can only get better.
          for (const from of moves) {
            const within = moves.filter(
              (at) => at >= from && at < from + HOLD_MS,
            );
            expect(within.length).toBeLessThanOrEqual(MOST_MOVES);
          }
        },
      ),
    );
  });
});
