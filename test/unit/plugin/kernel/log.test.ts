import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatLine, openLog } from "../../../../plugin/kernel/log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("formatLine()", () => {
  it("is one JSON object, without what is undefined", () => {
    const line = formatLine(new Date(0), "info", "add policy", {
      peer: "b/node2",
      why: undefined,
    });
    expect(line).toBe(
      '{"level":"info","time":"1970-01-01T00:00:00.000Z","peer":"b/node2","msg":"add policy"}\n',
    );
  });

  it("keeps one line whatever a fact holds", () => {
    expect(formatLine(new Date(0), "info", "x", { fact: "a\nb" })).toMatch(
      /^[^\n]*\n$/,
    );
  });
});

describe("openLog()", () => {
  it("writes to stderr and to the file, which only its owner may read", () => {
    const lines: string[] = [];
    const file = join(folder, "crosslink.log");
    openLog((text) => lines.push(text), file)("info", "hello");
    expect(readFileSync(file, "utf8")).toBe(lines.join(""));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("goes on without a file that cannot be written, and says so once", () => {
    const lines: string[] = [];
    const log = openLog(
      (text) => lines.push(text),
      join(folder, "missing", "crosslink.log"),
    );
    log("info", "one");
    log("info", "two");
    expect(
      lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ).toEqual(["one", expect.stringContaining("Cannot write logFile"), "two"]);
  });

  it("does not wait for a FIFO's reader", () => {
    const lines: string[] = [];
    const file = join(folder, "fifo");
    execFileSync("mkfifo", [file]);
    openLog((text) => lines.push(text), file)("info", "hello");
    expect(lines.join("")).toContain("ENXIO");
  });
});
