import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  createWhole,
  readWhole,
  rehearse,
  removeDrafts,
  removeFile,
  replaceWhole,
} from "../../../../ipam/folder/files.ts";
import { temporary } from "../../../support/ipam/call.ts";

const LIMIT = 2000;

describe("readWhole()", () => {
  it.each([0, 1, 511, 512, 513, LIMIT])(
    "reads a file of %i bytes",
    (length) => {
      using folder = temporary();
      const text = "x".repeat(length);
      writeFileSync(join(folder.path, "file"), text);
      expect(readWhole(folder.path, "file", LIMIT)).toBe(text);
    },
  );

  it("reads neither links, nor folders, FIFOs, long files or what isn't there", () => {
    using folder = temporary();
    const at = (name: string): string => join(folder.path, name);
    writeFileSync(at("long"), "x".repeat(LIMIT + 1));
    writeFileSync(at("target"), "x");
    symlinkSync("target", at("link"));
    mkdirSync(at("folder"));
    execFileSync("mkfifo", [at("fifo")]);
    for (const name of ["long", "link", "folder", "fifo", "none"]) {
      expect([name, readWhole(folder.path, name, LIMIT)]).toEqual([
        name,
        undefined,
      ]);
    }
  });
});

describe("createWhole()", () => {
  it("creates a file once, mode 0600, and leaves no draft", () => {
    using folder = temporary();
    expect(createWhole(folder.path, "a", "first")).toBe(true);
    expect(createWhole(folder.path, "a", "second")).toBe(false);
    expect(readFileSync(join(folder.path, "a"), "utf8")).toBe("first");
    expect(statSync(join(folder.path, "a")).mode & 0o7777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(["a"]);
  });

  it("doesn't take the place of a link to nowhere", () => {
    using folder = temporary();
    symlinkSync("nowhere", join(folder.path, "a"));
    expect(createWhole(folder.path, "a", "x")).toBe(false);
    expect(readdirSync(folder.path)).toEqual(["a"]);
  });

  it("never writes into a draft that is there, which may be a reservation's second link", () => {
    using folder = temporary();
    writeFileSync(join(folder.path, "held"), "somebody");
    linkSync(join(folder.path, "held"), join(folder.path, ".crosslink-draft"));
    expect(() => createWhole(folder.path, "a", "x")).toThrow("EEXIST");
    removeDrafts(folder.path);
    expect(createWhole(folder.path, "a", "x")).toBe(true);
    expect(readFileSync(join(folder.path, "held"), "utf8")).toBe("somebody");
  });
});

describe("replaceWhole()", () => {
  it("replaces a link rather than what it leads to", () => {
    using folder = temporary();
    writeFileSync(join(folder.path, "target"), "precious");
    symlinkSync("target", join(folder.path, "last"));
    replaceWhole(folder.path, "last", "new");
    expect(readFileSync(join(folder.path, "last"), "utf8")).toBe("new");
    expect(readFileSync(join(folder.path, "target"), "utf8")).toBe("precious");
  });
});

describe("rehearse()", () => {
  it("leaves nothing behind", () => {
    using folder = temporary();
    rehearse(folder.path);
    expect(readdirSync(folder.path)).toEqual([]);
    expect(() => {
      rehearse(join(folder.path, "none"));
    }).toThrow("ENOENT");
  });
});

describe("removeFile()", () => {
  it("tells whether there was one", () => {
    using folder = temporary();
    writeFileSync(join(folder.path, "a"), "");
    expect([
      removeFile(folder.path, "a"),
      removeFile(folder.path, "a"),
    ]).toEqual([true, false]);
  });
});
