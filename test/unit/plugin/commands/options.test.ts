import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configurationFor } from "../../../../plugin/commands/options.ts";

const none = { json: false, flags: new Set<string>(), positionals: [] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-options-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function conflist(plugins: readonly object[]): string {
  const path = join(folder, "10-pods.conflist");
  writeFileSync(
    path,
    JSON.stringify({ cniVersion: "1.0.0", name: "pods", plugins }),
  );
  return path;
}

describe("readConfiguration()", () => {
  it("takes the crosslink entry of a conflist, and the command line over it", () => {
    const path = conflist([
      { type: "ptp" },
      { type: "crosslink", snat: "return", node: "a", clustersDir: "/c" },
    ]);
    const options = { ...none, conflist: path, node: "b" };
    expect(configurationFor(options)).toMatchObject({
      clustersDir: "/c",
      snat: "return",
      node: "b",
    });
  });

  it("refuses a conflist without crosslink", () => {
    const options = { ...none, conflist: conflist([{ type: "ptp" }]) };
    expect(() => configurationFor(options)).toThrow(
      /no plugin of type "crosslink"/,
    );
  });

  it("refuses a value that the schema does not know", () => {
    const path = conflist([{ type: "crosslink" }]);
    const options = { ...none, conflist: path, snat: "maybe" };
    expect(() => configurationFor(options)).toThrow(/snat/);
  });
});
