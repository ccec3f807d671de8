import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configurationByteLimit } from "../../../cni/configuration.ts";
import {
  type FileSystem,
  readReady,
  readToEnd,
  writeFully,
} from "../../../cni/stdio.ts";

const errno = (code: string): Error => Object.assign(new Error(code), { code });

/** A descriptor whose reads give these pieces, errors among them, then end of file. */
function source(pieces: (string | Error)[]): FileSystem {
  return {
    read: (_, buffer) => {
      const piece = pieces.shift() ?? "";
      if (piece instanceof Error) throw piece;
      return Buffer.from(piece).copy(buffer);
    },
    write: () => 0,
  };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-stdio-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("readToEnd()", () => {
  it("joins short reads and waits out EAGAIN and EINTR", () => {
    const pieces = ['{"na', errno("EAGAIN"), "me", errno("EINTR"), '":1}'];
    expect(Buffer.from(readToEnd(0, source(pieces))).toString()).toBe(
      '{"name":1}',
    );
  });

  it("throws other errors", () => {
    expect(() => readToEnd(0, source(["a", errno("EIO")]))).toThrow("EIO");
  });

  it("stops just above the limit of an endless input", () => {
    const endless: FileSystem = {
      read: (_, buffer) => buffer.fill(0x20).length,
      write: () => 0,
    };
    const { length } = readToEnd(0, endless);
    expect(length).toBeGreaterThan(configurationByteLimit);
    expect(length).toBeLessThan(configurationByteLimit + 128 * 1024);
  });
});

describe("writeFully()", () => {
  it("writes the rest after a short write", () => {
    let written = "";
    const sink: FileSystem = {
      read: () => 0,
      write: (_, buffer) => {
        written += Buffer.from(buffer.subarray(0, 3)).toString("latin1");
        return Math.min(3, buffer.length);
      },
    };
    writeFully(1, '{"a":"ü"}', sink);
    expect(Buffer.from(written, "latin1").toString()).toBe('{"a":"ü"}');
  });

  it("writes to a real file", () => {
    const file = join(folder, "out");
    const fd = openSync(file, "w");
    writeFully(fd, "text\n");
    closeSync(fd);
    expect(readFileSync(file, "utf8")).toBe("text\n");
  });
});

describe("readReady()", () => {
  const read = (path: string, flags: string): string => {
    const fd = openSync(path, flags);
    try {
      return Buffer.from(readReady(fd)).toString();
    } finally {
      closeSync(fd);
    }
  };

  it("reads a file", () => {
    writeFileSync(join(folder, "in"), '{"cniVersion":"0.4.0"}');
    expect(read(join(folder, "in"), "r")).toBe('{"cniVersion":"0.4.0"}');
  });

  it("reads what is in a pipe and doesn't wait for more", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = openSync(pipe, "r+"); // keeps the pipe open for writing
    writeSync(writer, "abc");
    expect(read(pipe, "r")).toBe("abc");
    expect(() => read(pipe, "r")).toThrow("EAGAIN");
    closeSync(writer);
  });

  it("doesn't touch devices", () => {
    expect(read("/dev/zero", "r")).toBe("");
  });
});
