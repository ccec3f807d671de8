// Prints the closing line of a CI run from vitest's JSON report, and exits 0 only if nothing failed anywhere.
//
//   node .ci/totals.cjs REPORT STATUS     STATUS: the exit code of `npm test`
"use strict";
const { existsSync, readFileSync } = require("node:fs");

const [report, status] = process.argv.slice(2);
const { passed, failed, skipped } = totals();
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function totals() {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  const tests = testResults.flatMap((file) => file.assertionResults);
  const count = (...states) =>
    tests.filter((test) => states.includes(test.status)).length;
  // A file that cannot be loaded has no tests: it counts as one failure.
  const broken = testResults.filter(
    (file) =>
      file.status === "failed" &&
      !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failures = count("failed") + broken;
  return {
    passed: count("passed"),
    // What fails outside of a test (the build, a check) is a failure too.
    failed: failures === 0 && status !== "0" ? 1 : failures,
    skipped: count("pending", "skipped", "todo", "disabled"),
  };
}
