import { describe, expect, it } from "vitest";
import { checksFor } from "../../conformance/registry.ts";
import type { Kind, Subject } from "../../conformance/subject.ts";

const subject = (kind: Kind): Subject => ({
  file: "/bin/x",
  kind,
  config: () => ({}),
  base: [],
  path: "/bin",
  ifname: "eth0",
  setup: "",
  damages: [{ name: "flush", script: "true" }],
});

describe("checksFor()", () => {
  it.each(["interface", "chained", "ipam"] as const)(
    "has checks of every topic for %s plugins, each under its own name",
    (kind) => {
      const names = checksFor(subject(kind)).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      const topics = new Set(names.map((name) => name.split("/")[0]));
      expect([...topics].sort()).toEqual([
        "add",
        "check",
        "configuration",
        "del",
        "environment",
        "error",
        "gc",
        "parallel",
        "result",
        "status",
        "version",
      ]);
    },
  );

  it("names the clause of each check", () => {
    for (const { clause, name } of checksFor(subject("chained"))) {
      expect(clause, name).toMatch(/§\d|not in the specification/);
    }
  });

  it("makes a check of each damage that the user names", () => {
    const names = checksFor(subject("chained")).map(({ name }) => name);
    expect(names).toContain("check/notices-flush");
  });

  it("asks only interface plugins for an interface", () => {
    const names = checksFor(subject("ipam")).map(({ name }) => name);
    expect(names).not.toContain("add/creates-the-interface");
  });
});
