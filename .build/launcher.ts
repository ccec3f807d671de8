import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { root } from "./paths.ts";

const source = `${root}/native/launcher.c`;

// Static, so that it starts without a dynamic linker and on any Linux; -Os and sections that go unless used, for its size.
// prettier-ignore
const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Os", "-static", "-s",
  "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"];

/**
 * Compiles native/launcher.c to native/build/launcher where that is missing or older than its source. Returns its
 * path. Throws where gcc fails, which says why on standard error. The file appears whole.
 */
export function buildLauncher(): string {
  const target = `${root}/native/build/launcher`;
  if (
    modified(target) >
    Math.max(modified(source), modified(import.meta.filename))
  )
    return target;
  mkdirSync(`${root}/native/build`, { recursive: true });
  compileLauncher(target, FLAGS);
  return target;
}

/** Compiles native/launcher.c in another way: with sanitizers, or with other time limits. */
export function compileLauncher(
  target: string,
  flags: readonly string[],
): void {
  const unfinished = `${target}.${process.pid}`;
  try {
    execFileSync("gcc", [...flags, "-o", unfinished, source], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.main) console.log(buildLauncher());
