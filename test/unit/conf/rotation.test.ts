import { describe, expect, it } from "vitest";
import {
  isNextOf,
  isSameKeyring,
  newKeyring,
  nextStep,
  step,
} from "../../../conf/rotation.ts";

const first = newKeyring(255);
const added = step(first, "rotate");
const active = step(added, "activate");
const last = step(active, "retire");
const stages = [first, added, active, last];

describe("isNextOf()", () => {
  it("knows the step that follows, and no other order of steps", () => {
    for (const [i, theirs] of stages.entries())
      for (const [j, mine] of stages.entries())
        for (const yields of [true, false])
          expect(isNextOf(theirs, mine, yields)).toBe(i === j + 1);
  });

  it("takes no key in exchange for another, and not two at once", () => {
    expect(isNextOf(newKeyring(255), first, true)).toBe(false);
    expect(isNextOf(step(added, "rotate"), first, true)).toBe(false);
    expect(isNextOf({ ...added, active: active.active }, first, true)).toBe(
      false,
    );
    expect(isNextOf(step(newKeyring(255), "rotate"), first, true)).toBe(false);
  });

  it("lets one of two that added at the same time yield, before either is sent with", () => {
    const rival = step(first, "rotate");
    expect(isNextOf(rival, added, true)).toBe(true);
    expect(isNextOf(rival, added, false)).toBe(false);
    expect(isNextOf(rival, active, true)).toBe(false);
    expect(isNextOf(step(rival, "activate"), added, true)).toBe(false);
  });
});

describe("nextStep()", () => {
  it("is told by the keyring alone", () => {
    expect(stages.map(nextStep)).toEqual([
      "rotate",
      "activate",
      "retire",
      "rotate",
    ]);
    expect(last.keys[0]?.id).toBe(1);
    expect(isSameKeyring(last, first)).toBe(false);
  });
});
