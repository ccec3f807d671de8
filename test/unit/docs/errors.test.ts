import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../cni/error.ts";
import { IpamErrorCode } from "../../../ipam/error.ts";

const root = new URL("../../..", import.meta.url).pathname;

const CODES = { ...ErrorCode, ...IpamErrorCode };

/** Which rooms say a code: those with a file that names it. */
function roomsByCode(): Map<number, string[]> {
  const rooms = new Map<number, Set<string>>();
  for (const file of globSync("{cni,conf,ipam,plugin}/**/*.ts", { cwd: root }))
    for (const [, name] of readFileSync(join(root, file), "utf8").matchAll(
      /\b(?:Ipam)?ErrorCode\.(\w+)/g,
    )) {
      const code = (CODES as Record<string, number>)[name ?? ""];
      if (code === undefined) continue;
      rooms.set(code, (rooms.get(code) ?? new Set()).add(roomOf(file)));
    }
  return new Map([...rooms].map(([code, found]) => [code, [...found].sort()]));
}

/** A room of plugin/ by its own name. */
function roomOf(file: string): string {
  const [top = "", room = ""] = file.split("/");
  return top === "plugin" ? room : top;
}

interface Row {
  readonly code: number;
  readonly rooms: readonly string[];
}

function rowsOfTable(): Row[] {
  const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
  return [...page.matchAll(/^\| (\d+) .*\| ([^|]*) \|$/gm)].map(
    ([, code, rooms]) => ({
      code: Number(code),
      rooms: (rooms ?? "").trim().split(", "),
    }),
  );
}

describe("the table of error codes", () => {
  const rows = rowsOfTable();

  it("has every code that is said, once, in order", () => {
    const said = [...roomsByCode().keys()].sort((a, b) => a - b);
    expect(rows.map(({ code }) => code)).toEqual(said);
  });

  it("names the rooms that say each", () => {
    const said = roomsByCode();
    expect(
      rows.map(({ code, rooms }) => `${code}: ${rooms.join(", ")}`),
    ).toEqual(
      rows.map(({ code }) => `${code}: ${said.get(code)?.join(", ") ?? ""}`),
    );
  });

  it("leaves no code without somebody who says it", () => {
    expect([...roomsByCode().keys()].sort((a, b) => a - b)).toEqual(
      Object.values(CODES).sort((a, b) => a - b),
    );
  });
});
