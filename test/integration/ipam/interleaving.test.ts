import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporary } from "../../support/ipam/call.ts";
import { reservations } from "../../support/ipam/store.ts";

const WORKERS = 8;
const OPERATIONS = 500;

const worker = join(import.meta.dirname, "../../support/ipam/worker.ts");

interface Report {
  readonly wrong: readonly string[];
  readonly counts: Readonly<
    Record<"added" | "deleted" | "checked" | "exhausted", number>
  >;
}

async function work(
  name: string,
  store: string,
  claims: string,
): Promise<Report> {
  const args = [worker, store, claims, name, String(OPERATIONS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Report;
}

describe("crosslink-ipam and host-local on one store", () => {
  it("give no address twice, lose none and free nobody else's, however they interleave", async () => {
    using folder = temporary();
    const [store, claims] = ["store", "claims"].map((name) => {
      const path = join(folder.path, name);
      mkdirSync(path);
      return path;
    });
    const reports = await Promise.all(
      Array.from({ length: WORKERS }, (_, i) => work(`w${i}`, store!, claims!)),
    );
    expect(reports.flatMap(({ wrong }) => wrong)).toEqual([]);
    // The pool was contended for, and everything that was taken was given back
    const total = (key: keyof Report["counts"]): number =>
      reports.reduce((sum, { counts }) => sum + counts[key], 0);
    expect(total("added")).toBeGreaterThan(OPERATIONS);
    expect(total("exhausted")).toBeGreaterThan(0);
    expect(total("deleted")).toBe(total("added"));
    expect(readdirSync(claims!)).toEqual([]);
    expect(reservations(join(store!, "podnet"))).toEqual({});
  }, 240_000);
});
