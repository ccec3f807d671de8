import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isTrusted, requireSafe } from "../../../files/trusted.ts";

test("requireSafe() takes /usr/bin and a folder in the sticky /tmp", () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-place-"));
  expect(() => {
    requireSafe("/usr/bin");
  }).not.toThrow();
  expect(() => {
    requireSafe(folder);
  }).not.toThrow();
  rmSync(folder, { recursive: true });
});

test("requireSafe() refuses /tmp itself and a file", () => {
  expect(() => {
    requireSafe("/tmp");
  }).toThrow("others may write to it (mode 1777)");
  expect(() => {
    requireSafe("/etc/passwd");
  }).toThrow("it is not a folder");
});

test("isTrusted() trusts root and itself", () => {
  expect(isTrusted(0)).toBe(true);
  expect(isTrusted(process.geteuid!())).toBe(true);
  expect(isTrusted(4242)).toBe(false);
});
