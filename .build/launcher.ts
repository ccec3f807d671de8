import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { root } from "./paths.ts";

const source = `${root}/plugin/launcher/launcher.c`;

/** A C compiler, and how it is called. */
export interface Compiler {
  readonly program: string;
  readonly flags: readonly string[];
}

/**
 * Makes the launcher that ships. With musl: a static program of glibc asks the processor what it can (CPUID) some seventy
 * times before main(), and a virtual machine takes 4 microseconds for each answer, for which every pod would wait.
 */
export const shipping: Compiler = {
  program: "musl-gcc",
  // Static, so that it starts without a dynamic linker and on any Linux; -Os and sections that go unless used, for its size.
  // prettier-ignore
  flags: ["-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Os", "-static", "-s",
    "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"],
};

/**
 * Compiles plugin/launcher/launcher.c to native/build/launcher where that is missing or older than its source. Returns its
 * path. Throws where the compiler fails, which says why on standard error. The file appears whole.
 */
export function buildLauncher(): string {
  const target = `${root}/native/build/launcher`;
  if (
    modified(target) >
    Math.max(modified(source), modified(import.meta.filename))
  )
    return target;
  mkdirSync(`${root}/native/build`, { recursive: true });
  compileLauncher(target);
  return target;
}

/** Compiles plugin/launcher/launcher.c, in another way where one is given: with sanitizers, or with other time limits. */
export function compileLauncher(
  target: string,
  { program, flags }: Compiler = shipping,
): void {
  const unfinished = `${target}.${process.pid}`;
  try {
    execFileSync(program, [...flags, "-o", unfinished, source], {
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
