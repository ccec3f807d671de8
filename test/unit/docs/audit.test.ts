import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = new URL("../../..", import.meta.url).pathname;
const page = readFileSync(join(root, "test/e2e/fence/README.md"), "utf8");

/** Rows of what was possible, the test that holds it, and where that is. */
const rows = [
  ...page.matchAll(/^\| +(.*?) +\| +(.+?) +\| `(test\/[^`]+)` +\|$/gmu),
].map(([, , name = "", file = ""]) => [name, file] as const);

it("the audit's list has a row for each line of the audit", () => {
  for (let line = 1; line <= 13; line++)
    expect(page).toMatch(new RegExp(`^\\| ${String(line)} `, "mu"));
  expect(rows.length).toBeGreaterThan(30);
});

it.each(rows)('"%s" is a test of %s', (name, file) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(name);
});
