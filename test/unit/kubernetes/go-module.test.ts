import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goModule, pinnedSums } from "../../kubernetes/programs/go-module.ts";
import { isAtLeast } from "../../kubernetes/programs/go.ts";
import { SOURCES } from "../../kubernetes/programs/versions.ts";

const source = {
  name: "x",
  module: "example.org/x",
  version: "v1.2.3",
  packages: [],
};

describe("goModule()", () => {
  it("is the module's own, with itself as what it requires", () => {
    const own = "module example.org/x\n\ngo 1.26.0\n\nrequire a.org/b v1.0.0\n";
    expect(goModule(own, source)).toBe(
      "module crosslink/x\n\ngo 1.26.0\n\nrequire a.org/b v1.0.0\n\nrequire example.org/x v1.2.3\n",
    );
  });

  it("takes what is published in place of the repository's folders", () => {
    const own =
      "module example.org/x\nreplace (\n\ta.org/b => ./staging/b\n\tc.org/d => c.org/d v1.0.0\n)\nreplace e.org/f => ./f\n";
    const made = goModule(own, {
      ...source,
      staging: "v0.2.3",
      replacements: { "e.org/f": "v0.9.0" },
    });
    expect(made).toContain("\ta.org/b => a.org/b v0.2.3\n");
    expect(made).toContain("\tc.org/d => c.org/d v1.0.0\n");
    expect(made).toContain("replace e.org/f => e.org/f v0.9.0\n");
    expect(made.match(/e\.org\/f/g)).toHaveLength(2);
  });

  it("replaces what its authors did not", () => {
    const made = goModule("module example.org/x\n", {
      ...source,
      replacements: { "a.org/b": "v1.0.0" },
    });
    expect(made).toContain("replace a.org/b => a.org/b v1.0.0\n");
  });

  it("refuses a folder that nothing is known to be published of", () => {
    const own = "module example.org/x\nreplace a.org/b => ./b\n";
    expect(() => goModule(own, source)).toThrow('"replace a.org/b => ./b"');
  });
});

it("go.sum beside versions.ts names every module of it, code and go.mod", () => {
  const path = join(import.meta.dirname, "../../kubernetes/programs/go.sum");
  const sums = readFileSync(path, "utf8");
  for (const each of SOURCES) {
    const named = pinnedSums(sums, each);
    const wanted = { [each.module]: each.version, ...each.replacements };
    for (const [module, version] of Object.entries(wanted)) {
      expect(named).toContain(`${module} ${version} h1:`);
      expect(named).toContain(`${module} ${version}/go.mod h1:`);
    }
  }
});

it.each([
  ["1.26.8", "1.26.8", true],
  ["1.27", "1.26.8", true],
  ["1.26.10", "1.26.8", true],
  ["1.19.8", "1.26.8", false],
])("isAtLeast(%s, %s) is %s", (version, other, expected) => {
  expect(isAtLeast(version, other)).toBe(expected);
});
