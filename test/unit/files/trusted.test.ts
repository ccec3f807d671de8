import {
  chmodSync,
  chownSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  isTrusted,
  readRootsFile,
  requireSafe,
} from "../../../files/trusted.ts";

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

test("readRootsFile() reads what root alone can have written, and nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-roots-"));
  const file = join(folder, "file");
  const link = join(folder, "link");
  writeFileSync(file, "words", { mode: 0o644 });
  symlinkSync(file, link);
  expect(readRootsFile(file, 5)).toBe("words");
  expect(() => readRootsFile(file, 4)).toThrow("far too large");
  expect(() => readRootsFile(link, 5)).toThrow("ELOOP");
  expect(() => readRootsFile(folder, 5)).toThrow("not a file");
  expect(() => readRootsFile(join(folder, "none"), 5)).toThrow("ENOENT");
  chmodSync(file, 0o664);
  expect(() => readRootsFile(file, 5)).toThrow("root alone");
  chmodSync(file, 0o644);
  chownSync(file, 4242, 0);
  expect(() => readRootsFile(file, 5)).toThrow("root alone");
  rmSync(folder, { recursive: true });
});
