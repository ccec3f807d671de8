import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const script = fileURLToPath(
  new URL("../../../.ci/totals.cjs", import.meta.url),
);

describe("totals", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "crosslink-totals-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function totals(files: object[], status: number): [string, number | null] {
    const report = join(folder, "report.json");
    writeFileSync(report, JSON.stringify({ testResults: files }));
    return run(report, status);
  }

  function run(report: string, status: number): [string, number | null] {
    const done = spawnSync(process.execPath, [script, report, `${status}`], {
      encoding: "utf8",
    });
    return [done.stdout, done.status];
  }

  function file(status: string, ...tests: string[]): object {
    return { status, assertionResults: tests.map((one) => ({ status: one })) };
  }

  test("counts passed and skipped, exits 0", () => {
    const files = [
      file("passed", "passed", "pending"),
      file("passed", "passed", "skipped", "todo"),
    ];
    expect(totals(files, 0)).toEqual(["2 passed, 0 failed, 3 skipped\n", 0]);
  });

  test("counts failures, exits 1", () => {
    const files = [file("failed", "passed", "failed", "failed")];
    expect(totals(files, 1)).toEqual(["1 passed, 2 failed, 0 skipped\n", 1]);
  });

  test("counts a file that cannot be loaded as a failure", () => {
    const files = [file("failed"), file("passed", "passed")];
    expect(totals(files, 1)).toEqual(["1 passed, 1 failed, 0 skipped\n", 1]);
  });

  test("counts a failure outside of the tests", () => {
    const files = [file("passed", "passed")];
    expect(totals(files, 1)).toEqual(["1 passed, 1 failed, 0 skipped\n", 1]);
  });

  test("fails when there is no report", () => {
    expect(run(join(folder, "none.json"), 0)).toEqual([
      "0 passed, 1 failed, 0 skipped\n",
      1,
    ]);
  });
});
