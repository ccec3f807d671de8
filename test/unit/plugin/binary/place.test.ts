import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  isErrno,
  isTrusted,
  makePlace,
  places,
  requireSafe,
} from "../../../../plugin/binary/place.ts";

test("places() begins beside the executable, and ends where others may write", () => {
  expect(places("/opt/cni/bin")).toEqual([
    "/opt/cni/bin",
    "/var/lib/crosslink",
    "/run/crosslink",
    "/tmp/crosslink",
    "/dev/shm/crosslink",
  ]);
});

test("makePlace() takes a folder that is there, and makes no parents", () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-place-"));
  expect(() => {
    makePlace(folder);
  }).not.toThrow();
  expect(() => {
    makePlace(join(folder, "no", "parent"));
  }).toThrow("ENOENT");
  rmSync(folder, { recursive: true });
});

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

test("isErrno() tells errnos apart", () => {
  const error = Object.assign(new Error("no"), { code: "ENOENT" });
  expect(isErrno(error, "ENOENT")).toBe(true);
  expect(isErrno(error, "EEXIST")).toBe(false);
  expect(isErrno("ENOENT", "ENOENT")).toBe(false);
});
