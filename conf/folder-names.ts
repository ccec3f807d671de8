import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

/** Whether a name of the clusters folder is a cluster file's. */
export function isClusterFile(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".");
}

/** The names of a folder's cluster files, in their order. None where it cannot be read: whoever reads strictly says why. */
export function clusterFilesIn(folder: string): string[] {
  return namesIn(folder).filter(isClusterFile).sort();
}

/** How many are named; a folder of something else altogether is told of by these. */
const SHOWN = 20;

/**
 * A sentence for each entry of the clusters folder that looks meant, and is not read: with what to do. Programs' own files are
 * no faults: hidden ones, backups of editors and of package managers, and READMEs. Throws nothing.
 */
export function ignoredFilesIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => !isClusterFile(name) && !isByTheWay(name))
    .sort()
    .slice(0, SHOWN)
    .map((name) => sentence(folder, name));
}

/** What editors, package managers and admins leave beside the files that count. */
const BY_THE_WAY: readonly RegExp[] = [
  /^\./, // hidden: `.swp` files of vim, `.#x` of Emacs, `..data` of a mounted ConfigMap
  /~$/,
  /^#.*#$/,
  /^\d{4,5}$/, // vim tries whether it may write, with 4913 and so on
  /\.(?:sw[a-z]|bak|backup|old|orig|rej|save|saved|tmp|temp|new|part|disabled|off|lock)$/i,
  /\.bak[-.\d]*$|\.~\d+~$/i,
  /\.(?:rpm(?:save|new|orig)|dpkg-[a-z]+|ucf-[a-z]+|pac(?:new|save|orig))$/,
  /^(?:README|LICENSE|NOTES?|lost\+found)(?:\.|$)|\.(?:md|rst|adoc)$/i,
];

function isByTheWay(name: string): boolean {
  return BY_THE_WAY.some((pattern) => pattern.test(name));
}

function sentence(folder: string, name: string): string {
  const path = join(folder, name);
  return `${JSON.stringify(path)} is not read as a cluster file: ${advice(path, name)}`;
}

function advice(path: string, name: string): string {
  const stem = name.replace(/\.[^.]*$/, "");
  const wanted = JSON.stringify(`${stem === "" ? name : stem}.json`);
  if (kindOf(path)?.isDirectory() === true)
    return "it is a folder, which is not looked into; move its files up, or take it away";
  if (/\.ya?ml$/i.test(name))
    return `it is YAML; convert it to JSON, as ${wanted}`;
  if (/\.json$/i.test(name))
    return `its name has to end in ".json", in small letters; rename it to ${wanted}`;
  return `its name does not end in ".json"; rename it if it is one, else take it away`;
}

function kindOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // whoever reads the files says why
  }
}
