import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import "../../support/binding.ts";
import { namespace } from "../../support/namespace.ts";

const root = join(import.meta.dirname, "../../..");
const readme = readFileSync(join(root, "native/README.md"), "utf8");
const examples = readme.split(/^## /m).flatMap((chapter) => {
  const [title = ""] = chapter.split("\n");
  return [...chapter.matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code = ""]) => ({ title, code }),
  );
});

/** What the comments behind `console.log(…)` promise, where it is a value. */
const PROMISED: Readonly<Record<string, string>> = {
  "Routes and links": "10.1.0.0/16 1400\n",
  "Another network namespace": "1\n",
  nf_tables: "[ 'counts' ]\n",
};

/** Runs an example as a user of the package would, in a folder that finds it by its name, in a namespace of its own. */
function run(code: string): string {
  using ns = namespace();
  const folder = mkdtempSync(join(tmpdir(), "clt-readme-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(
      join(root, "native"),
      join(folder, "node_modules/node-netlink-native"),
    );
    const file = join(folder, "example.ts");
    writeFileSync(file, code);
    return ns.exec(process.execPath, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("native/README.md", () => {
  it("has an example for each of its first five chapters", () => {
    expect(examples.map(({ title }) => title)).toEqual([
      "Routes and links",
      "Another network namespace",
      "IPsec",
      "nf_tables",
      "A family that is not here",
    ]);
  });

  it.each(examples)("$title: the example runs", ({ title, code }) => {
    expect(run(code)).toContain(PROMISED[title] ?? "\n");
  });
});
