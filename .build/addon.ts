import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const source = join(root, "native/netlink.c");
const target = join(root, "native/build/netlink.node");
const headers = join(
  root,
  `node_modules/node-linux-${process.arch}/include/node`,
);

// prettier-ignore
const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"];

/**
 * Compiles native/netlink.c to native/build/netlink.node where that is missing or older than its sources.
 * Returns its path. Throws what gcc says. Safe against a second build at the same time: the file appears whole.
 */
export function buildAddon(): string {
  if (isCurrent()) return target;
  mkdirSync(join(root, "native/build"), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  try {
    execFileSync("gcc", [...FLAGS, `-I${headers}`, "-o", unfinished, source], {
      stdio: ["ignore", "ignore", "inherit"],
    });
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
