import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A node's own files, in a folder of their own, whichever machine it runs on. */
export interface NodeFiles {
  readonly folder: string;
  readonly clustersDir: string;
  readonly keyring: string;
  /** Writes a cluster's file; it need not say its name. */
  writeCluster(name: string, cluster: object): void;
  removeCluster(name: string): void;
  writeKeyring(keyring: object, mode?: number): void;
}

/** Where crosslink finds them. */
export type FilePaths = Pick<NodeFiles, "clustersDir" | "keyring">;

/** Makes the folder, where it is not there yet, and an empty one for cluster files. There is no keyring yet. */
export function nodeFiles(folder: string): NodeFiles {
  const clustersDir = join(folder, "clusters.d");
  const keyring = join(folder, "keyring.json");
  mkdirSync(clustersDir, { recursive: true });
  const fileOf = (name: string): string => join(clustersDir, `${name}.json`);
  return {
    folder,
    clustersDir,
    keyring,
    writeCluster: (name, cluster) => {
      writeFileSync(fileOf(name), JSON.stringify({ name, ...cluster }));
    },
    removeCluster: (name) => {
      rmSync(fileOf(name));
    },
    writeKeyring: (content, mode = 0o600) => {
      writeFileSync(keyring, JSON.stringify(content));
      chmodSync(keyring, mode);
    },
  };
}

/** A folder above nodes' files. Nobody else may write above a keyring, and anybody may read the rest. */
export function filesFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-node-"));
  chmodSync(folder, 0o755);
  return folder;
}

/** 32 bytes of 0x5a. */
export const SECRET = Buffer.alloc(32, 0x5a).toString("base64");

/** A keyring with one key. */
export function oneKey(secret = SECRET): object {
  return { active: 1, keys: [{ id: 1, secret }] };
}

/** crosslink's entry of a conflist, for a node with these files. */
export function pluginEntry(
  { clustersDir, keyring }: FilePaths,
  more: object = {},
) {
  return { type: "crosslink", clustersDir, keyring, ...more };
}

/** What a runtime pipes into crosslink. */
export function networkConfig(files: FilePaths, more: object = {}): object {
  return {
    cniVersion: "1.1.0",
    name: "pods",
    ...pluginEntry(files),
    ...more,
  };
}

/** Which options a command of the command line takes of these; all of them, where it is not listed. */
const TAKEN: Readonly<
  Record<string, readonly ("clusters" | "keyring" | "node")[]>
> = {
  teardown: [],
  keygen: ["keyring"],
  routes: ["clusters", "keyring"],
  forget: ["clusters"],
};

/** The options that make a command work on a node's own files. */
export function ownFiles(
  command = "",
  { clustersDir, keyring }: FilePaths,
  node: string,
): string[] {
  const taken = TAKEN[command] ?? (["clusters", "keyring", "node"] as const);
  const values = { clusters: clustersDir, keyring, node };
  return taken.flatMap((name) => [`--${name}`, values[name]]);
}
