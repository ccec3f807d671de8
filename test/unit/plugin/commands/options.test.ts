import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  parseOptions,
  readConfiguration,
} from "../../../../plugin/commands/options.ts";

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

describe("parseOptions()", () => {
  it("tells values, flags and words apart", () => {
    const options = parseOptions(
      ["list", "--node", "vm-0-7", "--json", "--stale"],
      ["stale"],
    );
    expect(options).toEqual({
      node: "vm-0-7",
      json: true,
      flags: new Set(["stale"]),
      positionals: ["list"],
    });
  });

  it("refuses another command's flag", () => {
    expect(() => parseOptions(["--rotate"])).toThrow(/--rotate/);
  });
});

describe("readConfiguration()", () => {
  it("takes the crosslink entry of a conflist, and the command line over it", () => {
    const path = conflist([
      { type: "ptp" },
      { type: "crosslink", snat: "return", node: "a", clustersDir: "/c" },
    ]);
    const options = parseOptions(["--conflist", path, "--node", "b"]);
    expect(readConfiguration(options)).toMatchObject({
      clustersDir: "/c",
      snat: "return",
      node: "b",
    });
  });

  it("refuses a conflist without crosslink", () => {
    const options = parseOptions(["--conflist", conflist([{ type: "ptp" }])]);
    expect(() => readConfiguration(options)).toThrow(
      /no plugin of type "crosslink"/,
    );
  });

  it("refuses a value that the schema does not know", () => {
    const path = conflist([{ type: "crosslink" }]);
    const options = parseOptions(["--conflist", path, "--snat", "maybe"]);
    expect(() => readConfiguration(options)).toThrow(/snat/);
  });
});
