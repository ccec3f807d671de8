import { rmSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../../cni/configuration.ts";
import {
  clusterFiles,
  type FolderNames,
  namesIn,
  slicesOf,
} from "../../../conf/folder-names.ts";
import { conflictOf, type TriedFile, tryCluster } from "../../../conf/trial.ts";
import { jsonOrNothing } from "../../../files/json.ts";
import { readSmallFile } from "../../../files/read.ts";
import { replaceFile } from "../../../files/replace.ts";
import { listFault } from "../certificates/peer-list.ts";
import { type Composed, fileText } from "./compose.ts";
import { type OwnNode, meshTrouble } from "./mesh-trouble.ts";

/** What is to be in the folder of cluster files. */
export interface WantedFiles {
  readonly folder: string;
  /** A Cluster a name, with its file's content or why there is none. */
  readonly clusters: ReadonlyMap<string, Composed>;
  /** Whether a file of ours whose Cluster is gone is to go. */
  readonly removes: (cluster: string) => boolean;
  /** For whom they are; undefined as long as that is not known. */
  readonly here?: OwnNode | undefined;
}

/** What came of it. */
export interface KeptFiles {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Files of ours that stay though their Cluster is gone. */
  readonly left: readonly string[];
  /** By cluster, why its file is not what its object says. */
  readonly troubles: ReadonlyMap<string, string>;
}

/** A file of the folder as it stands. */
interface Standing {
  readonly path: string;
  readonly text: string;
  readonly value: unknown;
  readonly managed: boolean;
}

/** As a cluster file may be. */
const BYTE_LIMIT = 4 * 1024 * 1024;

const RIGHTS = { mode: 0o644, uid: 0, gid: 0 };

/**
 * Brings the files of ours in a folder to what the Clusters say, each whole or not at all; those of others are left alone.
 * What would make no sense, or not together with the rest, is not written: the file that is there stays.
 *
 * @throws what the kernel says where a file cannot be written, such as ENOSPC
 */
export function keepFolder(wanted: WantedFiles): KeptFiles {
  const { folder, clusters, removes, here } = wanted;
  const standing = readStanding(folder);
  const unclaimed = standing.filter(
    ({ managed, value }) => managed && !clusters.has(nameOf(value) ?? ""),
  );
  const gone = unclaimed.filter(({ value }) => removes(nameOf(value) ?? ""));
  for (const { path } of gone) rmSync(path, { force: true });
  const left = standing.filter((file) => !gone.includes(file));
  const { changes, troubles } = changesOf(wanted, left);
  const accepted = acceptable(changes, { standing: left, here, troubles });
  for (const { path, text } of accepted) replaceFile(path, text, RIGHTS);
  return {
    written: accepted.map(({ name }) => name),
    removed: gone.map(({ value }) => nameOf(value) ?? ""),
    left: unclaimed
      .filter((file) => !gone.includes(file))
      .map(({ value }) => nameOf(value) ?? ""),
    troubles,
  };
}

function readStanding(folder: string): Standing[] {
  const names = namesIn(folder);
  return clusterFiles(names).map((name) => {
    const path = join(folder, name);
    const text = readText(path);
    const value = withSlices(jsonOrNothing(text), slicesOf(names, name));
    const managed = isObject(value) && value["managedBy"] === "kubernetes";
    return { path, text, value, managed };
  });
}

/** Nodes in slices, which are somebody's own, have addresses that no other cluster may have. */
function withSlices(value: unknown, slices: FolderNames | undefined): unknown {
  if (slices === undefined || !isObject(value)) return value;
  const parts = clusterFiles(slices).map((name) =>
    jsonOrNothing(readText(join(slices.folder, name))),
  );
  const nodes = [value, ...parts].flatMap((part) => {
    const own = isObject(part) ? part["nodes"] : undefined;
    return Array.isArray(own) ? (own as unknown[]) : [];
  });
  return { ...value, nodes };
}

/** A file that cannot be read is somebody's, too. */
function readText(path: string): string {
  try {
    return readSmallFile(path, { byteLimit: BYTE_LIMIT }) ?? "";
  } catch {
    return "";
  }
}

function nameOf(value: unknown): string | undefined {
  const name = isObject(value) ? value["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

interface Change {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly file: TriedFile;
}

function changesOf(
  { folder, clusters }: WantedFiles,
  standing: readonly Standing[],
): { changes: Change[]; troubles: Map<string, string> } {
  const troubles = new Map<string, string>();
  const changes = [...clusters].flatMap(([name, composed]): Change[] => {
    const path = join(folder, `${name}.json`);
    const text = "value" in composed ? fileText(composed.value) : "";
    const isThere = standing.some(
      (file) => file.path === path && file.text === text,
    );
    if (isThere) return [];
    const file =
      "why" in composed
        ? composed.why
        : judge(path, name, composed.value, standing);
    if (typeof file !== "string") return [{ name, path, text, file }];
    troubles.set(name, file);
    return [];
  });
  return { changes, troubles };
}

function judge(
  path: string,
  name: string,
  value: object,
  standing: readonly Standing[],
): TriedFile | string {
  const others = standing.find(
    (file) =>
      !file.managed && (file.path === path || nameOf(file.value) === name),
  );
  if (others !== undefined)
    return `"${others.path}" is somebody's own file for cluster "${name}", and stays; remove the file, or the Cluster object`;
  const tried = tryCluster(path, value);
  if (typeof tried === "string") return tried;
  return listFault(tried.cluster) ?? tried;
}

interface Wanting {
  readonly standing: readonly Standing[];
  readonly here: OwnNode | undefined;
  readonly troubles: Map<string, string>;
}

/** All where they go together with what is there, else as many as do. */
function acceptable(changes: readonly Change[], wanting: Wanting): Change[] {
  if (changes.length === 0) return [];
  const { standing, here } = wanting;
  const files = new Map<string, TriedFile>();
  for (const { path, value } of standing) {
    const tried = tryCluster(path, value);
    if (typeof tried !== "string") files.set(path, tried);
  }
  // Where others' files already contradict each other, ours are not what has to wait.
  const sound = conflictOf([...files.values()]) === undefined;
  if (!sound || troubleWith(changes, files, here) === undefined)
    return [...changes];
  return oneByOne(changes, files, wanting);
}

/** The own cluster's first: who contradicts it has to wait. What waits for another's change is tried again after it. */
function oneByOne(
  changes: readonly Change[],
  files: Map<string, TriedFile>,
  { here, troubles }: Wanting,
): Change[] {
  const accepted: Change[] = [];
  const isOwn = ({ name }: Change): number => Number(name === here?.cluster);
  let waiting = [...changes].sort((one, other) => isOwn(other) - isOwn(one));
  for (let before = -1; before !== accepted.length;) {
    before = accepted.length;
    waiting = waiting.filter((change) => {
      const trouble = troubleWith([change], files, here);
      if (trouble !== undefined) {
        troubles.set(change.name, trouble);
        return true;
      }
      troubles.delete(change.name);
      files.set(change.path, change.file);
      accepted.push(change);
      return false;
    });
  }
  return accepted;
}

function troubleWith(
  changes: readonly Change[],
  files: ReadonlyMap<string, TriedFile>,
  here: OwnNode | undefined,
): string | undefined {
  const whole = new Map(files);
  for (const { path, file } of changes) whole.set(path, file);
  const changed = changes.map(({ file }) => file);
  return meshTrouble({ files: inOrder(whole), changed, here });
}

function inOrder(files: ReadonlyMap<string, TriedFile>): TriedFile[] {
  return [...files]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, file]) => file);
}
