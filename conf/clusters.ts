import { join } from "node:path";
import { readCluster } from "./cluster.ts";
import { type MeshFile, requireNoConflicts } from "./conflicts.ts";
import { readDocument } from "./document/document.ts";
import type { FileRules } from "./document/file.ts";
import { readFolderChecked } from "./document/folder.ts";
import { checkOthersCannotWrite, checkOwner } from "./document/ownership.ts";
import { configurationError, fact } from "./document/problem.ts";
import type { Quoting } from "./document/schema.ts";
import { isClusterFile } from "./folder-names.ts";
import { isCluster } from "./generated/cluster-validator.ts";
import type { Cluster, Node } from "./generated/cluster.ts";

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
 * Reads the cluster files of a folder: `*.json` in the order of their names, hidden files left out.
 *
 * Each is validated by itself, then all together. Addresses and networks come back in their canonical spelling.
 *
 * @returns one entry per file; none for an empty folder
 * @throws CniError 7 for a folder that does not exist or that others than root can write to, and for whatever is
 *   wrong with a file, naming the file, the pointer, line and column, and what to do; CniError 5 where reading fails
 */
export function loadClusters(dir: string): ClusterSource[] {
  let total = 0;
  const members = listFiles(dir).map((name): MeshFile => {
    const path = join(dir, name);
    const document = readDocument(path, isCluster, rules);
    total += document.length;
    if (total > totalLimit) {
      const why = `its files have more than ${totalLimit} characters together`;
      throw configurationError(`${folder.kind} "${dir}"`, fact(why));
    }
    const { value, refuse } = document;
    return { path, refuse, ...readCluster(value, refuse) };
  });
  requireNoConflicts(members);
  return members.map(({ path, cluster }) => ({ file: path, cluster }));
}

function listFiles(dir: string): string[] {
  return readFolderChecked(dir, folder).filter(isClusterFile).sort();
}
