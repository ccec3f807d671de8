import {
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolder } from "../../../files/folder.ts";

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "crosslink-folder-"));
});

afterEach(() => {
  rmSync(place, { recursive: true });
});

const rights = (path: string): number => statSync(path).mode & 0o7777;

describe("makeFolder()", () => {
  it("makes all that is missing, with the rights that it was told", () => {
    const path = join(place, "a/b/c");
    makeFolder(path, 0o700);
    expect([path, join(place, "a")].map(rights)).toEqual([0o700, 0o700]);
  });

  it("leaves alone what is there, be it by a link", () => {
    makeFolder(join(place, "a"), 0o755);
    makeFolder(join(place, "a"), 0o700);
    symlinkSync("a", join(place, "link"));
    makeFolder(join(place, "link"), 0o700);
    makeFolder("/", 0o700);
    expect(rights(join(place, "a"))).toBe(0o755);
  });

  it.each([
    ["a file in its place", "file", /EEXIST/],
    ["a file above it", "file/a/b", /ENOTDIR/],
    ["a link that leads nowhere", "nowhere", /EEXIST/],
    ["a name that is too long", `a/${"x".repeat(300)}/b`, /ENAMETOOLONG/],
  ])("says why it cannot: %s", (_what, name, why) => {
    writeFileSync(join(place, "file"), "");
    symlinkSync("gone", join(place, "nowhere"));
    expect(() => {
      makeFolder(join(place, name), 0o700);
    }).toThrow(why);
  });

  it.each(["/proc/nowhere", "/proc/nowhere/a/b", "/proc/self/nowhere"])(
    "ends where the kernel makes no folders: %s",
    (path) => {
      expect(() => {
        makeFolder(path, 0o700);
      }).toThrow(/ENOENT/);
    },
  );
});
