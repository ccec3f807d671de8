import { join } from "node:path";
import { type Made, madeOf } from "./document/again.ts";
import {
  type Document,
  parseDocument,
  readDocument,
} from "./document/document.ts";
import type { FileRules } from "./document/file.ts";
import { checkFolder } from "./document/folder.ts";
import {
  configurationError,
  fact,
  type Refuse,
  type WhereIs,
} from "./document/problem.ts";
import type { Quoting } from "./document/schema.ts";
import {
  clusterFiles,
  fileOf,
  type FolderNames,
  orphans,
} from "./folder-names.ts";
import type { Cluster } from "./generated/cluster.ts";
import type { Node } from "./generated/slice.ts";
import { isSlice } from "./generated/slice-validator.ts";

/** Some of a cluster's nodes, in a file of their own; and for the next time that it is asked for. */
export interface KnownSlice extends Made {
  readonly path: string;
  readonly nodes: readonly Node[];
  /** Of its text, in UTF-16 units. */
  readonly length: number;
}

/** As for cluster files, but for what those once had. */
function rulesFor(rules: FileRules & Quoting): FileRules & Quoting {
  return { ...rules, kind: "slice", withdrawn: {} };
}

const folder = {
  kind: "folder of slices",
  fixIfMissing: "remove the link, or put the folder where it leads",
};

/**
 * Reads the slices of a cluster, `*.json` in the order of their names. One that says what it said before is not parsed again.
 *
 * @param names of the sub-folder; undefined for a cluster without
 * @throws as reading a cluster file does, with the slice's path
 */
export function readSlices(
  names: FolderNames | undefined,
  rules: FileRules & Quoting,
  known: readonly KnownSlice[] = [],
): KnownSlice[] {
  if (names === undefined) return [];
  checkFolder(names.folder, names.trouble, folder);
  const before = new Map(known.map((slice) => [slice.path, slice]));
  const as = rulesFor(rules);
  return clusterFiles(names).map((name) => {
    const path = join(names.folder, name);
    return madeOf({ path, rules: as }, before.get(path), (text, isOf) => {
      const { value } = parseDocument(text, path, isSlice, as);
      return { path, isOf, nodes: value.nodes, length: text.length };
    });
  });
}

/** Refuses slices that are no cluster's: where its file has gone they keep the rest from being believed. */
export function requireFiles(names: FolderNames): void {
  const [first] = orphans(names);
  if (first === undefined) return;
  const path = join(names.folder, first);
  const file = join(names.folder, fileOf(first));
  throw configurationError(
    `${folder.kind} "${path}"`,
    fact(
      `there is no "${file}", which they would be slices of`,
      `put it there, with the cluster's name and podCIDRs, or remove the slices: rm -r ${path}`,
    ),
  );
}

/** A cluster file with its slices, as if it were one document. */
export interface Merged {
  readonly cluster: Cluster;
  /** Takes pointers of the whole, and tells those of the file. */
  readonly refuse: Refuse;
  readonly whereIs: WhereIs;
}

/** Puts the nodes of slices after the file's own. */
export function merge(
  { path, value, refuse }: Document<Cluster>,
  slices: readonly KnownSlice[],
  rules: FileRules & Quoting,
): Merged {
  const place = placesAmong([{ path, nodes: value.nodes }, ...slices]);
  requireOwnNetworks(value, slices, refuse);
  return {
    cluster: {
      ...value,
      nodes: [...value.nodes, ...slices.flatMap(({ nodes }) => nodes)],
    },
    refuse: (problem) => {
      const { pointer, file } = place(problem.pointer);
      // What was read before is read again for its lines.
      const of =
        file === path
          ? refuse
          : readDocument(file, isSlice, rulesFor(rules)).refuse;
      return of({ ...problem, pointer });
    },
    whereIs: (whole) => {
      const { pointer, file } = place(whole);
      return `${pointer} of "${file}"`;
    },
  };
}

/** The fence follows from the file: what it keeps closed must not depend on which slices are there. */
function requireOwnNetworks(
  { podCIDRs }: Cluster,
  [first]: readonly KnownSlice[],
  refuse: Refuse,
): void {
  if (first === undefined || podCIDRs.length > 0) return;
  refuse({
    pointer: "/podCIDRs",
    fact: `is empty, and the cluster has slices, such as "${first.path}"`,
    fix: "write the cluster's pod CIDRs into this file: they are blocked whatever becomes of a slice",
  });
}

/** Finds the file of a pointer of the whole, and the pointer there. */
function placesAmong(
  parts: readonly { readonly path: string; readonly nodes: readonly Node[] }[],
): (pointer: string) => { readonly pointer: string; readonly file: string } {
  return (pointer) => {
    const [, index, rest = ""] = /^\/nodes\/(\d+)(.*)$/.exec(pointer) ?? [];
    let left = Number(index ?? 0);
    for (const { path, nodes } of index === undefined ? [] : parts) {
      if (left < nodes.length)
        return { pointer: `/nodes/${String(left)}${rest}`, file: path };
      left -= nodes.length;
    }
    return { pointer, file: parts[0]?.path ?? "" };
  };
}
