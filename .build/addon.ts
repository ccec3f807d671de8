import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { nodeHeaders, root } from "./paths.ts";

const source = `${root}/native/netlink.c`;
const target = `${root}/native/build/netlink.node`;

// prettier-ignore
const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"];

/**
 * Compiles native/netlink.c to native/build/netlink.node where that is missing or older than its sources.
 * Returns its path. Throws where gcc fails, which says why on standard error. Safe against a second build at the same
 * time: the file appears whole.
 */
export function buildAddon(): string {
  if (isCurrent()) return target;
  mkdirSync(`${root}/native/build`, { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  const args = [...FLAGS, `-I${nodeHeaders()}`, "-o", unfinished, source];
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
  return built > modified(source) && built > modified(import.meta.filename);
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.main) console.log(buildAddon());
