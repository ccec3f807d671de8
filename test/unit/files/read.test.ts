import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSmallFile } from "../../../files/read.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-read-"));
  file = join(folder, "file");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("readSmallFile()", () => {
  it("gives a text of as many bytes as the limit, and none of more", () => {
    writeFileSync(file, "äbc");
    expect(readSmallFile(file, { byteLimit: 4 })).toBe("äbc");
    appendFileSync(file, "d");
    expect(readSmallFile(file, { byteLimit: 4 })).toBeUndefined();
  });

  it("reads what says that it has no bytes, as files of /proc do", () => {
    const told = { byteLimit: 1 << 20 };
    expect(readSmallFile("/proc/self/status", told)).toContain("VmRSS");
    expect(readSmallFile("/proc/self/status", { byteLimit: 9 })).toBe(
      undefined,
    );
  });

  it("neither waits at a FIFO, nor reads a device or a folder", () => {
    execFileSync("mkfifo", [file]);
    mkdirSync(join(folder, "inner"));
    symlinkSync("/dev/zero", join(folder, "zero"));
    for (const name of ["file", "inner", "zero"])
      expect(readSmallFile(join(folder, name), { byteLimit: 99 })).toBe(
        undefined,
      );
  });

  it("follows a link to a file, unless it is told not to", () => {
    writeFileSync(file, "text");
    const link = join(folder, "link");
    symlinkSync(file, link);
    expect(readSmallFile(link, { byteLimit: 9 })).toBe("text");
    expect(() =>
      readSmallFile(link, { byteLimit: 9, followsLinks: false }),
    ).toThrow("ELOOP");
  });

  it("throws what the kernel says of a file that is not there", () => {
    expect(() => readSmallFile(file, { byteLimit: 9 })).toThrow("ENOENT");
  });
});
