import { Script } from "node:vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundlePackages, lazyPackages } from "../../../.build/packages.ts";

/** Bundles a program as the main bundle is made, and runs it. Returns its exports, and what it asked the loader for. */
async function run(program: string) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "cjs",
    plugins: [lazyPackages],
  });
  const asked: string[] = [];
  class Counter {
    readonly options: unknown;
    constructor(options: unknown) {
      this.options = options;
    }
  }
  const packages = {
    pino: () => ({ pino: (level: string) => `logs ${level}` }),
    "prom-client": () => ({ Counter }),
  };
  const module = { exports: {} as Record<string, () => unknown> };
  const text = `(function (module, require) {${outputFiles[0]?.text ?? ""}})`;
  const start = new Script(text).runInThisContext() as (
    module: object,
    require: (name: string) => object,
  ) => void;
  start(module, (name) => {
    asked.push(name);
    return packages;
  });
  return { exports: module.exports, asked, Counter };
}

const program = `
  import { pino } from "pino";
  import { Counter } from "prom-client";
  export const log = () => pino("info");
  export const count = () => new Counter("calls");`;

describe("lazyPackages", () => {
  it("loads a package when it is used, not when the program starts", async () => {
    const { exports, asked } = await run(program);
    expect(asked).toEqual([]);
    expect(exports["log"]?.()).toBe("logs info");
    expect(asked).toEqual(["packages.js"]);
  });

  it("makes objects of a package's classes", async () => {
    const { exports, Counter } = await run(program);
    expect(exports["count"]?.()).toBeInstanceOf(Counter);
    expect(exports["count"]?.()).toMatchObject({ options: "calls" });
  });
});

describe("bundlePackages()", () => {
  it("needs nothing but Node, and none of its threads, clusters and TLS", async () => {
    const text = await bundlePackages();
    const needed = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(
      ([, name = ""]) => name.replace("node:", ""),
    );
    expect(needed).toContain("fs");
    for (const name of ["cluster", "child_process", "http", "https", "module"])
      expect(needed).not.toContain(name);
  });
});
