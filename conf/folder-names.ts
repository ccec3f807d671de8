import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

/** The names in a clusters folder, read once for all who look at it. */
export interface FolderNames {
  readonly folder: string;
  /** In their order. */
  readonly names: readonly string[];
  /** Why there are none: the system's error, which whoever reads strictly tells. */
  readonly trouble?: unknown;
}

/** Reads the names. Throws nothing. */
export function namesIn(folder: string): FolderNames {
  try {
    return { folder, names: readdirSync(folder).sort() };
  } catch (trouble) {
    return { folder, names: [], trouble };
  }
}

/** The names of the cluster files. */
export function clusterFiles({ names }: FolderNames): string[] {
  return names.filter(isClusterFile);
}

function isClusterFile(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".");
}

/** How many are named; a folder of something else altogether is told of by these. */
const SHOWN = 20;

/**
 * A sentence for each entry of the clusters folder that looks meant, and is not read: with what to do. Programs' own files are
 * no faults: hidden ones, backups of editors and of package managers, and READMEs. Throws nothing.
 */
export function ignoredFiles({ folder, names }: FolderNames): string[] {
  return names
    .filter((name) => !isClusterFile(name) && !isByTheWay(name))
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
