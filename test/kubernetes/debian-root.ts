import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

const FOLDERS = ["dev", "proc", "sys", "tmp", "run", "etc", "var/lib"];
const MERGED = ["bin", "sbin", "lib", "lib64"];

/** Makes the folders of a root that is to hold programs of this machine's. */
export function makeDebianRoot(root: string): void {
  for (const name of [...FOLDERS, ...MERGED.map((each) => `usr/${each}`)])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of MERGED) symlinkSync(`usr/${name}`, join(root, name));
}

/** Copies programs to their paths below such a root, with the libraries that they are linked with. */
export function copyPrograms(root: string, programs: readonly string[]): void {
  for (const path of programs) copyInto(root, path);
  copyLibraries(root, programs);
}

/** Copies what programs are linked with. */
export function copyLibraries(root: string, programs: readonly string[]): void {
  const said = execFileSync("ldd", programs, { encoding: "utf8" });
  for (const path of new Set(said.match(/\/lib\S+(?= \()/g)))
    copyInto(root, path);
}

function copyInto(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync(path, join(root, path));
}
