// Exit 0 when node_modules holds exactly what package-lock.json asks for on this machine, else says why and exits 1.
// Runs on whatever Node the machine has: it comes before ours is installed.
"use strict";
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");

const reason = whyStale();
if (reason !== undefined) {
  console.log(`setup: ${reason}`);
  process.exitCode = 1;
}

function whyStale() {
  const installedList = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedList)) return "node_modules is missing";
  const wanted = packagesOf(join(root, "package-lock.json"));
  const installed = packagesOf(installedList);
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith("node_modules/") || entry.link) continue;
    const found = installed[path];
    if (found === undefined && isForHere(entry)) return `${path} is missing`;
    if (found !== undefined && found.version !== entry.version)
      return `${path} is ${found.version}, package-lock.json wants ${entry.version}`;
    if (found !== undefined && !existsSync(join(root, path)))
      return `${path} is gone`;
  }
  return undefined;
}

/** An optional package is needed where it says that it is for this system. */
function isForHere({ optional, os = [], cpu = [], libc = [] }) {
  if (!optional) return true;
  const has = (list, name) => list.length === 0 || [list].flat().includes(name);
  return (
    cpu.length > 0 &&
    has(os, process.platform) &&
    has(cpu, process.arch) &&
    has(libc, "glibc")
  );
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}
