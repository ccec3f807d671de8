import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findUnpacked, unpack } from "../../../../plugin/binary/unpack.ts";

const asset = { name: ".thing-1234.node", bytes: Buffer.from("machine code") };
const stranger = 4242;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-unpack-"));
  file = join(folder, asset.name);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("unpack", () => {
  test("writes the bytes into a file that nobody may write", () => {
    expect(unpack(folder, asset)).toBe(file);
    expect(readFileSync(file)).toEqual(asset.bytes);
    expect(lstatSync(file).mode & 0o7777).toBe(0o444);
  });

  test("makes the folder for its owner only", () => {
    const made = join(folder, "made");
    unpack(made, asset);
    expect(lstatSync(made).mode & 0o7777).toBe(0o700);
  });

  test("leaves nothing else behind", () => {
    unpack(folder, asset);
    unpack(folder, asset);
    expect(readdirSync(folder)).toEqual([asset.name]);
  });

  test("leaves nothing behind where it fails", () => {
    mkdirSync(join(file, "in the way"), { recursive: true });
    expect(() => unpack(folder, asset)).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(folder)).toEqual([asset.name]);
  });

  test("replaces a symbolic link and spares its target", () => {
    const target = join(folder, "target");
    writeFileSync(target, "precious");
    symlinkSync(target, file);
    unpack(folder, asset);
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(target, "utf8")).toBe("precious");
  });

  test("refuses a folder that others may write to", () => {
    chmodSync(folder, 0o1777);
    expect(() => unpack(folder, asset)).toThrow(
      "others may write to it (mode 1777)",
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test("refuses a folder that is somebody else's", () => {
    chownSync(folder, stranger, stranger);
    expect(() => unpack(folder, asset)).toThrow(`belongs to user ${stranger}`);
  });

  test("refuses a folder whose parent others may replace it in", () => {
    const inner = join(folder, "inner");
    mkdirSync(inner, { mode: 0o700 });
    chmodSync(folder, 0o777);
    expect(() => unpack(inner, asset)).toThrow(`"${folder}": others may write`);
  });

  test("refuses a symbolic link in place of the folder", () => {
    const link = join(folder, "link");
    mkdirSync(join(folder, "real"), { mode: 0o700 });
    symlinkSync("real", link);
    expect(() => unpack(link, asset)).toThrow("it is not a folder");
  });
});

describe("findUnpacked", () => {
  test("finds what unpack wrote", () => {
    unpack(folder, asset);
    expect(findUnpacked(folder, asset)).toBe(file);
  });

  test("finds nothing in an empty or a missing folder", () => {
    expect(findUnpacked(folder, asset)).toBeUndefined();
    expect(findUnpacked(join(folder, "none"), asset)).toBeUndefined();
  });

  test.each<[string, () => void, string | RegExp]>([
    [
      "other bytes",
      () => {
        rewrite("machine CODE");
      },
      "not the one inside",
    ],
    [
      "fewer bytes",
      () => {
        rewrite("machine");
      },
      "not the one inside",
    ],
    [
      "more bytes",
      () => {
        rewrite("machine code!");
      },
      "not the one inside",
    ],
    [
      "a writable file",
      () => {
        chmodSync(file, 0o666);
      },
      "others may write to the file",
    ],
    [
      "a file of its group",
      () => {
        chmodSync(file, 0o464);
      },
      "others may write to the file",
    ],
    [
      "a stranger's file",
      () => {
        chownSync(file, stranger, 0);
      },
      `belongs to user ${stranger}`,
    ],
    [
      "a symbolic link",
      () => {
        rmSync(file);
        symlinkSync("/etc/hosts", file);
      },
      "ELOOP",
    ],
    [
      "a folder",
      () => {
        rmSync(file);
        mkdirSync(file);
      },
      "not a file",
    ],
    [
      "an open folder",
      () => {
        chmodSync(folder, 0o777);
      },
      "others may write",
    ],
  ])("refuses %s", (_what, tamper, reason) => {
    unpack(folder, asset);
    tamper();
    expect(() => findUnpacked(folder, asset)).toThrow(reason);
  });

  function rewrite(text: string): void {
    chmodSync(file, 0o644);
    writeFileSync(file, text);
  }
});
