import { runInNewContext, Script } from "node:vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import {
  bundlePackages,
  lazyPackages,
  rarePackages,
} from "../../../.build/packages.ts";
import { root } from "../../../.build/paths.ts";

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
    "plugin/x509/revocation.ts": () => ({ revocationList: () => "a list" }),
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

const ofARoom = `
  import { revocationList } from "${root}/plugin/x509/revocation.ts";
  export const list = () => revocationList();`;

describe("lazyPackages", () => {
  it("loads a package when it is used, not when the program starts", async () => {
    const { exports, asked } = await run(program);
    expect(asked).toEqual([]);
    expect(exports["log"]?.()).toBe("logs info");
    expect(asked).toEqual(["packages.js"]);
  });

  it("loads a room with its packages when it is used", async () => {
    const { exports, asked } = await run(ofARoom);
    expect(asked).toEqual([]);
    expect(exports["list"]?.()).toBe("a list");
  });

  it("makes objects of a package's classes", async () => {
    const { exports, Counter } = await run(program);
    expect(exports["count"]?.()).toBeInstanceOf(Counter);
    expect(exports["count"]?.()).toMatchObject({ options: "calls" });
  });
});

describe("rarePackages", () => {
  it("runs what few addresses need when the first of them comes", async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `module.exports = require("${root}/ip/parse-bytes.ts").parseBytes;`,
        resolveDir: root,
      },
      bundle: true,
      write: false,
      format: "cjs",
      plugins: [rarePackages],
    });
    let made = 0;
    // ip-num makes some as soon as it is loaded.
    const counting = (digits: string) => {
      made++;
      return BigInt(digits);
    };
    const module = {} as { exports: (text: string) => Uint8Array };
    runInNewContext(outputFiles[0]?.text ?? "", { module, BigInt: counting });
    expect([...module.exports("fd00::1")]).toContain(0xfd);
    expect(made).toBe(0);
    expect([...module.exports("64:ff9b::192.0.2.1")]).toEqual([
      0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1,
    ]);
    expect(made).toBeGreaterThan(0);
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
