import type { Outcome } from "./check.ts";

/** How many checks ended how. */
export interface Totals {
  readonly passed: number;
  /** Failed checks of level MUST. */
  readonly failedMust: number;
  /** Failed checks of level SHOULD. */
  readonly failedShould: number;
  readonly skipped: number;
}

/** Counts the outcomes. */
export function totals(outcomes: readonly Outcome[]): Totals {
  const count = (wanted: (outcome: Outcome) => boolean): number =>
    outcomes.filter(wanted).length;
  const failed = (level: string) => (outcome: Outcome) =>
    outcome.status === "failed" && outcome.check.level === level;
  return {
    passed: count(({ status }) => status === "passed"),
    failedMust: count(failed("MUST")),
    failedShould: count(failed("SHOULD")),
    skipped: count(({ status }) => status === "skipped"),
  };
}

const WORDS = { passed: "ok", failed: "FAILED", skipped: "skipped" };

/** One line of the table, and below it why the check failed. */
export function line({ check, status, reason }: Outcome): string {
  const columns = [
    WORDS[status].padEnd(8),
    check.level.padEnd(7),
    check.name.padEnd(48),
    check.clause,
  ];
  const why = reason === undefined ? "" : `\n         ${reason.trimEnd()}`;
  return `${columns.join(" ")}${why}\n`;
}

/** The last lines of the report. */
export function summary(outcomes: readonly Outcome[]): string {
  const { passed, failedMust, failedShould, skipped } = totals(outcomes);
  return `\n${passed} passed, ${failedMust} MUST failed, ${failedShould} SHOULD failed, ${skipped} skipped\n`;
}

/** The outcomes as JUnit XML, one test case a check, grouped by topic. */
export function junit(outcomes: readonly Outcome[], plugin: string): string {
  const { failedMust, failedShould, skipped } = totals(outcomes);
  const seconds = sum(outcomes.map(({ milliseconds }) => milliseconds)) / 1000;
  const cases = outcomes.map((outcome) => testCase(outcome, plugin));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="cni-conformance ${escape(plugin)}" tests="${outcomes.length}" failures="${failedMust + failedShould}" skipped="${skipped}" time="${seconds}">`,
    ...cases,
    "</testsuite>\n",
  ].join("\n");
}

function testCase(outcome: Outcome, plugin: string): string {
  const { check, status, reason = "", milliseconds } = outcome;
  const open = `  <testcase classname="${escape(plugin)}" name="${escape(`${check.name} (${check.level}, ${check.clause})`)}" time="${milliseconds / 1000}"`;
  if (status === "passed") return `${open}/>`;
  const element =
    status === "failed"
      ? `<failure type="${check.level}" message="${escape(reason)}"/>`
      : `<skipped message="${escape(reason)}"/>`;
  return `${open}>${element}</testcase>`;
}

/** XML 1.0 §2.2 allows no control characters but tab and line ends, not even escaped. */
function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, "\uFFFD")
    .replaceAll(/[\t\n\r]/g, " ");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
