import { describe, expect, it } from "vitest";
import type { Check, Outcome } from "../../conformance/check.ts";
import { junit, line, summary, totals } from "../../conformance/report.ts";

function outcome(
  level: Check["level"],
  status: Outcome["status"],
  reason?: string,
): Outcome {
  const run = (): Promise<void> => Promise.resolve();
  const check = { name: `del/${status}`, clause: '§2 "DEL"', level, run };
  return { check, status, milliseconds: 5, ...(reason && { reason }) };
}

const outcomes = [
  outcome("MUST", "passed"),
  outcome("MUST", "failed", 'exit code 1, stdout "<x>\u0007&\n"'),
  outcome("SHOULD", "failed", "no"),
  outcome("SHOULD", "failed", "no"),
  outcome("MUST", "skipped", "too old"),
];

describe("totals()", () => {
  it("counts MUST and SHOULD apart", () => {
    expect(totals(outcomes)).toEqual({
      passed: 1,
      failedMust: 1,
      failedShould: 2,
      skipped: 1,
    });
  });
});

describe("line()", () => {
  it("shows status, level, name and clause, and the reason below", () => {
    const [first, reason] = line(outcomes[2]!).split("\n");
    expect(first).toMatch(/^FAILED +SHOULD +del\/failed +§2 "DEL"$/);
    expect(reason).toBe("         no");
  });
});

describe("summary()", () => {
  it("is one line of counts", () => {
    expect(summary(outcomes)).toBe(
      "\n1 passed, 1 MUST failed, 2 SHOULD failed, 1 skipped\n",
    );
  });
});

describe("junit()", () => {
  const xml = junit(outcomes, "a<b");

  it("counts what CI servers read", () => {
    expect(xml).toContain(
      '<testsuite name="cni-conformance a&lt;b" tests="5" failures="3" skipped="1" time="0.025">',
    );
  });

  it("escapes what XML cannot hold", () => {
    expect(xml).toContain(
      'message="exit code 1, stdout &quot;&lt;x&gt;\uFFFD&amp; &quot;"',
    );
    expect(xml).not.toContain("\u0007");
  });

  it("has a case for each check, with its level and clause", () => {
    expect(xml.match(/<testcase /g)).toHaveLength(5);
    expect(xml).toContain('name="del/passed (MUST, §2 &quot;DEL&quot;)"');
    expect(xml).toContain('<skipped message="too old"/>');
  });
});
