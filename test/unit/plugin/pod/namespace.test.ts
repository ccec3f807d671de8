import { closeSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withPodNamespace } from "../../../../plugin/pod/namespace.ts";
import type { Kernel } from "../../../../plugin/kernel/kernel.ts";

/** Nothing of it is asked for: paths are opened by Node. */
const kernel = {} as Kernel;

describe("withPodNamespace()", () => {
  it.each([
    "",
    "/nowhere",
    "/dev/null/net",
    `/${"x".repeat(300)}`,
    `/${"x/".repeat(3000)}`,
    "/var/run/net\0ns/pod",
    "\0",
  ])("gives nothing for a path that leads nowhere: %j", (path) => {
    expect(withPodNamespace(kernel, path, () => "used")).toBeUndefined();
  });

  it("leaves open what whoever calls has handed over", () => {
    const fd = openSync("/dev/null", "r");
    try {
      const handed = { podNetns: () => fd } as Kernel;
      expect(withPodNamespace(handed, "/nowhere", (netns) => netns)).toBe(fd);
      expect(fstatSync(fd).isCharacterDevice()).toBe(true);
    } finally {
      closeSync(fd);
    }
    const gone = { podNetns: () => undefined } as unknown as Kernel;
    expect(withPodNamespace(gone, "/proc", () => "used")).toBeUndefined();
  });

  it("lends what is there", () => {
    const path = join("/proc", String(process.pid), "ns/net");
    expect(withPodNamespace(kernel, path, () => "used")).toBe("used");
  });
});
