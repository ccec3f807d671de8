import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ledgerOf, writeLedger } from "../../../../ipam/ledger/file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-ledger-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it("writes a ledger for root alone, and not through what somebody left under its unfinished name", () => {
  const victim = join(folder, "victim");
  const path = join(folder, "ledger");
  writeFileSync(victim, "precious");
  symlinkSync(victim, `${path}.new`);
  writeLedger(path, ledgerOf([]), folder);
  expect(readFileSync(victim, "utf8")).toBe("precious");
  writeFileSync(`${path}.new`, "", { mode: 0o666 });
  writeLedger(path, ledgerOf([]), folder);
  expect(statSync(path).mode & 0o7777).toBe(0o600);
});
