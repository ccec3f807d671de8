import { describe, expect, it } from "vitest";
import {
  type Attempts,
  forgetAttempts,
  mayAttempt,
  nextAttempt,
  noteAttempt,
} from "../../../../plugin/ike/attempts.ts";

const told = {};

/** When attempts are made by somebody who looks every tenth of a second, in milliseconds. */
function attemptsUntil(attempts: Attempts, endMs: number): number[] {
  const made: number[] = [];
  for (let nowMs = 0; nowMs <= endMs; nowMs += 100) {
    const attempt = { name: "a", told, nowMs };
    if (!mayAttempt(attempts, attempt)) continue;
    noteAttempt(attempts, attempt);
    made.push(nowMs);
  }
  return made;
}

describe("attempts", () => {
  it("are made with pauses that double, up to half a minute", () => {
    const made = attemptsUntil(new Map(), 130_000);
    const pauses = made.slice(1).map((atMs, index) => atMs - made[index]!);
    expect(pauses).toEqual([
      ...[500, 1000, 2000, 4000, 8000, 16_000],
      ...[30_000, 30_000, 30_000],
    ]);
  });

  it("are made at once for another tunnel, and where charon was told anew", () => {
    const attempts: Attempts = new Map();
    attemptsUntil(attempts, 60_000);
    const nowMs = 60_000;
    expect(mayAttempt(attempts, { name: "a", told, nowMs })).toBe(false);
    expect(mayAttempt(attempts, { name: "b", told, nowMs })).toBe(true);
    const anew = { name: "a", told: {}, nowMs };
    expect(mayAttempt(attempts, anew)).toBe(true);
    noteAttempt(attempts, anew);
    expect(nextAttempt(attempts, nowMs)).toBe(500);
  });

  it("are forgotten once the tunnel is up, or wanted no longer", () => {
    const attempts: Attempts = new Map();
    const wanted = new Map(["up", "down"].map((name) => [name, told]));
    for (const name of ["up", "down", "gone"])
      noteAttempt(attempts, { name, told, nowMs: 0 });
    forgetAttempts(attempts, { wanted, up: new Set(["up"]) });
    expect([...attempts.keys()]).toEqual(["down"]);
  });

  it("say when the next one may be made", () => {
    const attempts: Attempts = new Map();
    expect(nextAttempt(attempts, 0)).toBeUndefined();
    noteAttempt(attempts, { name: "a", told, nowMs: 0 });
    noteAttempt(attempts, { name: "b", told, nowMs: 200 });
    expect(nextAttempt(attempts, 100)).toBe(400);
    expect(nextAttempt(attempts, 500)).toBe(200);
    expect(nextAttempt(attempts, 700)).toBeUndefined();
  });
});
