import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  inodeOf,
  occupiedNamespaces,
} from "../../../../plugin/runtime/occupied.ts";

it("occupiedNamespaces() has those of all processes, this one's too", () => {
  const { ino } = statSync("/proc/self/ns/net");
  expect(occupiedNamespaces().has(ino)).toBe(true);
  expect(inodeOf("/proc/self/ns/net")).toBe(ino);
});

it("occupiedNamespaces() goes on past a process that ends meanwhile, and other files", () => {
  const proc = mkdtempSync(join(tmpdir(), "crosslink-proc-"));
  try {
    for (const name of ["1", "2", "self", "sys"])
      mkdirSync(join(proc, name, "ns"), { recursive: true });
    symlinkSync("/proc/self/ns/net", join(proc, "2", "ns", "net"));
    symlinkSync("/proc/self/ns/uts", join(proc, "self", "ns", "net"));
    expect(occupiedNamespaces(proc)).toEqual(
      new Set([statSync("/proc/self/ns/net").ino]),
    );
  } finally {
    rmSync(proc, { recursive: true });
  }
});
