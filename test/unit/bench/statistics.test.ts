import { describe, expect, test } from "vitest";
import { formatSummary, summarize } from "../../bench/statistics.ts";

describe("summarize", () => {
  test("takes median and p90 by nearest rank", () => {
    const samples = [9, 1, 8, 2, 7, 3, 6, 4, 5, 100];
    expect(summarize(samples)).toEqual({ median: 5, p90: 9, runs: 10 });
  });

  test("takes one sample for all", () => {
    expect(summarize([7])).toEqual({ median: 7, p90: 7, runs: 1 });
  });

  test("refuses no samples", () => {
    expect(() => summarize([])).toThrow(RangeError);
  });
});

test("formatSummary() shows a dash for what was not measured", () => {
  expect(formatSummary({ median: 1.25, p90: 3, runs: 2 })).toBe("1.3 / 3.0");
  expect(formatSummary(undefined)).toBe("–");
});
