import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { buildPrograms } from "../../kubernetes/programs/build.ts";
import { SOURCES } from "../../kubernetes/programs/versions.ts";

const SUMS = join(import.meta.dirname, "../../kubernetes/programs/go.sum");

/** Serves modules as they are pinned, and builds all but flannel's plugin. */
const GO = `#!/bin/sh
here=$(dirname "$0")
case "$1" in
  env) echo go1.99.0 ;;
  mod)
    sum=$(grep -F "\${4%@*} \${4#*@} " ${SUMS} | cut -d" " -f3)
    echo "{\\"Sum\\":\\"$sum\\",\\"Dir\\":\\"$here\\",\\"GoMod\\":\\"$here/go.mod\\"}" ;;
  build)
    case "$*" in *flannel*) exit 1 ;; esac
    touch bin/built ;;
esac
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-programs-"));
  writeFileSync(join(folder, "go"), GO, { mode: 0o755 });
  writeFileSync(join(folder, "go.mod"), "module example.org/x\n");
  writeFileSync(join(folder, "go.sum"), "");
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("buildPrograms() builds all others where one cannot be built, and only that one the next time", () => {
  const cache = join(folder, "cache");
  const sources = ["flannel-cni", "plugins", "cnitool"].map((name) =>
    SOURCES.find((source) => source.name === name)!,
  );
  const said: string[] = [];
  const build = (some = sources) =>
    buildPrograms((sentence) => said.push(sentence), { cache, sources: some });

  expect(() => build()).toThrow("flannel");
  said.length = 0;
  for (const [, path] of build(sources.slice(1)))
    expect(existsSync(join(path, "built"))).toBe(true);
  expect(said).toEqual([]);
  expect(() => build()).toThrow("flannel");
  expect(said.slice(1)).toEqual(["builds flannel-cni v0.9.1"]);
});
