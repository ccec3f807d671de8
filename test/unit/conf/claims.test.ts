import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readClaims } from "../../../conf/claims.ts";
import { namesIn } from "../../../conf/folder-names.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-claims-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it.each([
  ["b", "b"],
  ["cloud-b.example", "cloud-b.example"],
  ["", "file"],
  ["a\u001b[31m", "file"],
  ["x".repeat(254), "file"],
  ["../b", "file"],
])(
  "calls a cluster by a name that it may have, and else by its file's: %j",
  (name, expected) => {
    writeFileSync(
      join(folder, "file.json"),
      JSON.stringify({ name, podCIDRs: ["10.1.0.0/16"], unknown: true }),
    );
    const [claim] = readClaims(namesIn(folder));
    expect(claim?.name).toBe(expected);
    expect(claim?.seen.map(({ text }) => text)).toEqual(["10.1.0.0/16"]);
  },
);
