import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

/** The names in a clusters folder, read once for all who look at it. */
export interface FolderNames {
  readonly folder: string;
  /** In their order. */
  readonly names: readonly string[];
  /** Sub-folders `NAME.d`, for slices of the cluster in `NAME.json`, by their names. */
  readonly slices: ReadonlyMap<string, FolderNames>;
  /** Why there are none: the system's error, which whoever reads strictly tells. */
  readonly trouble?: unknown;
}

/** Reads the names. Throws nothing. */
export function namesIn(folder: string): FolderNames {
  const found = listed(folder);
  const slices = found.names.filter(isSliceFolder).flatMap((name) => {
    const path = join(folder, name);
    return kindOf(path)?.isDirectory() === true
      ? [[name, { ...listed(path), slices: new Map<string, never>() }] as const]
      : [];
  });
  return { ...found, slices: new Map(slices) };
}

function listed(folder: string): Omit<FolderNames, "slices"> {
  try {
    return { folder, names: readdirSync(folder).sort() };
  } catch (trouble) {
    return { folder, names: [], trouble };
  }
}

/** The names of the cluster files, or of the slices in a sub-folder. */
export function clusterFiles({ names }: FolderNames): string[] {
  return names.filter(isClusterFile);
}

/** Where the slices of a cluster file are, if it has any. */
export function slicesOf(
  { slices }: FolderNames,
  file: string,
): FolderNames | undefined {
  return slices.get(file.replace(/\.json$/, SLICES));
}

/** Files that may say something of this cluster, which has none itself: they are sub-folders with slices in them. */
export function orphans(names: FolderNames): string[] {
  return [...names.slices]
    .filter(
      ([name, inside]) =>
        !names.names.includes(fileOf(name)) &&
        (inside.trouble !== undefined || clusterFiles(inside).length > 0),
    )
    .map(([name]) => name);
}

/** The cluster file that a sub-folder's slices are of. */
export function fileOf(sliceFolder: string): string {
  return sliceFolder.replace(/\.d$/, ".json");
}

/** All that is read: cluster files, sub-folders and their slices, by their paths. */
export function placesIn(names: FolderNames): string[] {
  const { folder, slices } = names;
  return [
    ...clusterFiles(names).map((name) => join(folder, name)),
    ...[...slices.values()].flatMap((inside) => [
      inside.folder,
      ...placesIn(inside),
    ]),
  ];
}

/** How a sub-folder of slices is called. */
const SLICES = ".d";

function isSliceFolder(name: string): boolean {
  return name.endsWith(SLICES) && !name.startsWith(".");
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
export function ignoredFiles(from: FolderNames): string[] {
  const empty = [...from.slices.keys()].filter(
    (name) =>
      !from.names.includes(fileOf(name)) && !orphans(from).includes(name),
  );
  const found = [...from.slices.values(), from].flatMap(({ folder, names }) =>
    names
      .filter((name) => !isClusterFile(name) && !isByTheWay(name))
      .filter((name) => !from.slices.has(name) || empty.includes(name))
      .map((name) => sentence(folder, name)),
  );
  return found.slice(0, SHOWN);
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
    return 'it is a folder, which is not looked into unless it is called as a cluster file with ".d" for ".json"; move its files up, or take it away';
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
