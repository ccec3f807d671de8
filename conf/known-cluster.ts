import { isDeepStrictEqual } from "node:util";
import type { ReadCluster } from "./cluster.ts";
import type { MeshFile } from "./conflicts.ts";
import type { Made } from "./document/again.ts";
import type { KnownSlice } from "./slices.ts";
import type { Cluster } from "./generated/cluster.ts";

/** A cluster file that may be asked for again; no more of it is kept than that takes. */
export interface KnownFile extends Made {
  readonly path: string;
  readonly source: { readonly file: string; readonly cluster: Cluster };
  /** Of its text and its slices', in UTF-16 units. */
  readonly length: number;
  readonly slices: readonly KnownSlice[];
  /** All that other files' networks may be in conflict with, as one text. */
  readonly networks: string;
  /** Where each of that stands: for a file that was just read. */
  readonly inFull?: MeshFile;
}

/** The networks of a cluster file as one text: files that have the same one are in the same conflicts, or in none. */
export function networksText({ effective, hidden }: ReadCluster): string {
  return [effective, hidden]
    .map((list) => list.map(({ cidr }) => cidr.text).join(" "))
    .join("|");
}

/** Nodes that are as they were are the same objects: what follows from them need not be worked out again. */
export function withKnownNodes(
  cluster: Cluster,
  before: Cluster | undefined,
): Cluster {
  if (before === undefined) return cluster;
  const known = new Map(before.nodes.map((node) => [node.name, node]));
  const nodes = cluster.nodes.map((node) => {
    const old = known.get(node.name);
    if (old === undefined || old === node) return node;
    return isDeepStrictEqual(old, node) ? old : node;
  });
  return { ...cluster, nodes };
}

/**
 * Whether the files that have changed are in no conflict that those before were not in: by names, networks and addresses alone,
 * without a word of where they stand. What this cannot tell for certain is no.
 */
export function agreeAsBefore(
  files: readonly KnownFile[],
  known: ReadonlyMap<string, KnownFile>,
): boolean {
  const names = new Set(files.map(({ source }) => source.cluster.name));
  if (names.size < files.length) return false;
  const changed = files.filter((file) => known.get(file.path) !== file);
  const haveSameNetworks = changed.every(
    (file) => known.get(file.path)?.networks === file.networks,
  );
  return haveSameNetworks && addressesAgree(files);
}

/** No elastic address of one file is any address of another. All are gone through once, however many of them have changed. */
function addressesAgree(files: readonly KnownFile[]): boolean {
  const owners = new Map<string, KnownFile>();
  const isFree = (address: string, file: KnownFile): boolean => {
    const owner = owners.get(address);
    return owner === undefined || owner === file;
  };
  for (const file of files)
    for (const { elasticIP } of file.source.cluster.nodes) {
      if (elasticIP === undefined) continue;
      if (!isFree(elasticIP, file)) return false;
      owners.set(elasticIP, file);
    }
  return files.every((file) =>
    file.source.cluster.nodes.every(({ ips }) =>
      ips.every((ip) => isFree(ip, file)),
    ),
  );
}
