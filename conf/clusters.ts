import { basename, join } from "node:path";
import { sameItems } from "../diff/same-items.ts";
import { readCluster } from "./cluster.ts";
import { type MeshFile, requireNoConflicts } from "./conflicts.ts";
import { madeOf } from "./document/again.ts";
import {
  type Document,
  parseDocument,
  readDocument,
} from "./document/document.ts";
import type { FileRules } from "./document/file.ts";
import { checkFolder } from "./document/folder.ts";
import { checkOthersCannotWrite, checkOwner } from "./document/ownership.ts";
import { configurationError, fact } from "./document/problem.ts";
import type { Quoting } from "./document/schema.ts";
import {
  clusterFiles,
  type FolderNames,
  namesIn,
  slicesOf,
} from "./folder-names.ts";
import { isCluster } from "./generated/cluster-validator.ts";
import type { Cluster, Node } from "./generated/cluster.ts";
import {
  agreeAsBefore,
  type KnownFile,
  networksText,
  withKnownNodes,
} from "./known-cluster.ts";
import { type KnownSlice, merge, readSlices, requireFiles } from "./slices.ts";

export type { Cluster, Node };

/** A cluster of the mesh, with every default filled in, and the path of the file that describes it. */
export interface ClusterSource {
  readonly file: string;
  readonly cluster: Cluster;
}

/** A cluster of 5,000 nodes, Kubernetes' limit, takes about 1 MiB. */
const rules: FileRules & Quoting = {
  kind: "cluster file",
  fixIfMissing: "remove the link, or put the file where it leads",
  byteLimit: 4 * 1024 * 1024,
  check: (path, stats) =>
    checkOwner(path, stats) ?? checkOthersCannotWrite(path, stats),
  secret: false,
  withdrawn: {
    overlay:
      'remove the key: leaf and gateway now talk by ESP instead of VXLAN, so let IP protocol 50 through between the cluster\'s own nodes, or UDP port 4500 with "encap": "udp"',
  },
};

const folder = {
  kind: "folder of cluster files",
  fixIfMissing:
    'make it, with one file for each cluster of the mesh; "clustersDir" of the network configuration says where it is',
};

/** For all files of a folder together, so that no folder can exhaust the machine's memory. */
const totalLimit = 32 * 1024 * 1024;

/**
 * Reads the cluster files of a folder: `*.json` in the order of their names, hidden files left out. Nodes of `NAME.json` may be
 * in slices besides, `NAME.d/*.json`.
 *
 * Each is validated by itself, then all together. Addresses and networks come back in their canonical spelling.
 *
 * @returns one entry per file; none for an empty folder
 * @throws CniError 7 for a folder that does not exist or that others than root can write to, and for whatever is
 *   wrong with a file, naming the file, the pointer, line and column, and what to do; CniError 5 where reading fails
 */
export function loadClusters(dir: string): readonly ClusterSource[] {
  return clusterReader()(namesIn(dir));
}

/** See `clusterReader`. */
export type ClusterReader = (names: FolderNames) => readonly ClusterSource[];

/**
 * Reads as `loadClusters` does, again and again. A file that says what it said before is not parsed again: the same object
 * comes back for it, and the same list where that holds for all. So it is with the nodes of a file that says something else.
 */
export function clusterReader(): ClusterReader {
  let known: ReadonlyMap<string, KnownFile> = new Map();
  let sources: readonly ClusterSource[] = [];
  return (names) => {
    const files = readFiles(names, known);
    const isAsBefore =
      files.length === known.size &&
      files.every((file) => known.get(file.path) === file);
    if (isAsBefore) return sources;
    if (!agreeAsBefore(files, known))
      requireNoConflicts(files.map((file) => inFull(file, names)));
    known = new Map(files.map(({ inFull: _, ...file }) => [file.path, file]));
    sources = files.map(({ source }) => source);
    return sources;
  };
}

/** What conflicts are found and told by. Of a file that is known nothing of it was kept. */
function inFull(
  { path, inFull: file }: KnownFile,
  names: FolderNames,
): MeshFile {
  if (file !== undefined) return file;
  const slices = readSlices(slicesOf(names, basename(path)), rules);
  return readWith(slices, readDocument(path, isCluster, rules));
}

/** A cluster file and its slices, as one. Nodes that say what they said before are the ones that were read then. */
function readWith(
  slices: readonly KnownSlice[],
  document: Document<Cluster>,
  before?: Cluster,
): MeshFile {
  const { path, value, refuse } = document;
  const known = new Set(before?.nodes);
  if (slices.length === 0)
    return {
      ...readCluster(withKnownNodes(value, before), { refuse, known }),
      ...{ path, refuse, whereIs: (pointer) => `${pointer} of "${path}"` },
    };
  const { cluster, ...said } = merge(document, slices, rules);
  return {
    ...readCluster(withKnownNodes(cluster, before), { ...said, known }),
    ...{ path, ...said },
  };
}

function readFiles(
  names: FolderNames,
  known: ReadonlyMap<string, KnownFile>,
): KnownFile[] {
  const { folder: dir, trouble } = names;
  checkFolder(dir, trouble, folder);
  requireFiles(names);
  let total = 0;
  return clusterFiles(names).map((name) => {
    const path = join(dir, name);
    const before = known.get(path);
    const slices = readSlices(slicesOf(names, name), rules, before?.slices);
    const same = before && sameSlices(before.slices, slices);
    const file = madeOf(
      { path, rules },
      same ? before : undefined,
      (text, isOf) => readFile({ text, isOf, path, before, slices }),
    );
    total += file.length;
    if (total > totalLimit) {
      const why = `its files have more than ${totalLimit} characters together`;
      throw configurationError(
        `${folder.kind} "${dir}"`,
        fact(why, "keep nothing but cluster files there"),
      );
    }
    return file;
  });
}

function readFile({
  text,
  isOf,
  path,
  before,
  slices,
}: Pick<KnownFile, "isOf" | "path" | "slices"> & {
  readonly text: string;
  readonly before: KnownFile | undefined;
}): KnownFile {
  const document = parseDocument(text, path, isCluster, rules);
  const own = document.value.nodes.length;
  const read = readWith(slices, document, before?.source.cluster);
  const cluster = withKnownNodes(read.cluster, before?.source.cluster);
  return {
    ...{ path, isOf },
    length: slices.reduce((sum, { length }) => sum + length, text.length),
    slices: withNodesOf(cluster, slices, own),
    source: { file: path, cluster },
    networks: networksText(read),
    inFull: read,
  };
}

function sameSlices(
  before: readonly KnownSlice[],
  now: readonly KnownSlice[],
): boolean {
  return sameItems(
    before.map(({ isOf }) => isOf),
    now.map(({ isOf }) => isOf),
  );
}

/** What is kept of slices are the cluster's own nodes: none is in memory twice. */
function withNodesOf(
  { nodes }: Cluster,
  slices: readonly KnownSlice[],
  own: number,
): KnownSlice[] {
  let from = own;
  return slices.map((slice) => {
    const begin = from;
    from += slice.nodes.length;
    return { ...slice, nodes: nodes.slice(begin, from) };
  });
}
