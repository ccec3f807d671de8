import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { nodeHeaders, root } from "./paths.ts";

const folder = `${root}/native/addon`;
const files = readdirSync(folder).map((name) => `${folder}/${name}`);
const sources = files.filter((file) => file.endsWith(".c"));
// Not import.meta.filename: in a bundle that is a new file, and a guest would run gcc each time.
const self = `${root}/.build/addon.ts`;
const target = `${root}/native/build/netlink.node`;

// prettier-ignore
const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"];

/**
 * Compiles the C files of native/addon to native/build/netlink.node where that is missing or older than its sources.
 * Returns its path. Throws where gcc fails, which says why on standard error. Safe against a second build at the same
 * time: the file appears whole.
 */
export function buildAddon(): string {
  if (isCurrent()) return target;
  mkdirSync(`${root}/native/build`, { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  const args = [...FLAGS, `-I${nodeHeaders()}`, "-o", unfinished, ...sources];
  try {
    execFileSync("gcc", args, { stdio: ["ignore", "ignore", "inherit"] });
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return target;
}

function isCurrent(): boolean {
  const built = modified(target);
  return [...files, self].every((path) => built > modified(path));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.main) console.log(buildAddon());
