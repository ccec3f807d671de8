import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makePlace, places } from "../../../../plugin/binary/place.ts";

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
