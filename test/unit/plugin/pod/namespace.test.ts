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

  it("lends what is there", () => {
    const path = join("/proc", String(process.pid), "ns/net");
    expect(withPodNamespace(kernel, path, () => "used")).toBe("used");
  });
});
