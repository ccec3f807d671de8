import { describe, expect, it } from "vitest";
import {
  type Hearing,
  hearingAfter,
} from "../../../../plugin/agent/hearing.ts";

/** What was counted at looks 5 s apart: sent and heard until then. */
function after(...counts: readonly (readonly [number, number])[]) {
  let hearing: Hearing | undefined;
  let now = 0;
  for (const [sent, heard] of counts)
    hearing = hearingAfter(hearing, { sent, heard }, (now += 5_000));
  return { hearing, now, isDeaf: now < (hearing?.deafUntil ?? -Infinity) };
}

describe("hearingAfter()", () => {
  it.each<[string, boolean, ...(readonly [number, number])[]]>([
    [
      "sends, and hears nobody three times",
      true,
      [9, 9],
      [10, 9],
      [11, 9],
      [12, 9],
    ],
    ["does so twice", false, [9, 9], [10, 9], [11, 9]],
    [
      "sends nothing meanwhile",
      false,
      [9, 9],
      [10, 9],
      [11, 9],
      [11, 9],
      [12, 9],
    ],
    ["hears one packet", false, [9, 9], [10, 9], [11, 9], [12, 10]],
    [
      "has counters that began again",
      false,
      [9, 9],
      [10, 9],
      [11, 9],
      [2, 0],
      [3, 0],
      [4, 0],
    ],
    ["is looked at for the first time", false, [9, 0]],
    ["says nothing at all", false, [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]],
  ])("one that %s: deaf is %s", (_, isDeaf, ...counts) => {
    expect(after(...counts).isDeaf).toBe(isDeaf);
  });

  it("counts as deaf for ten minutes where it sends no more, and until it hears", () => {
    const { hearing, now } = after([9, 9], [10, 9], [11, 9], [12, 9]);
    const quiet = hearingAfter(hearing, { sent: 12, heard: 9 }, now + 500_000);
    expect(quiet.deafUntil).toBe(now + 600_000);
    const heard = hearingAfter(quiet, { sent: 12, heard: 10 }, now + 500_001);
    expect(heard.deafUntil).toBe(-Infinity);
  });
});
