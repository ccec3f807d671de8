import { describe, expect, it } from "vitest";
import {
  parseXfrmStatistics,
  readXfrmStatistics,
} from "../../../../plugin/kernel/statistics.ts";

describe("parseXfrmStatistics()", () => {
  it("reads names and counts as the kernel prints them", () => {
    const text = "XfrmInError             \t0\nXfrmOutPolBlock         \t12\n";
    expect([...parseXfrmStatistics(text)]).toEqual([
      ["XfrmInError", 0],
      ["XfrmOutPolBlock", 12],
    ]);
  });
});

describe("readXfrmStatistics()", () => {
  it("is undefined where the kernel counts nothing", () => {
    expect(readXfrmStatistics("/proc/net/no-such-file")).toBeUndefined();
  });
});
