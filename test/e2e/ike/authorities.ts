/** Certificate authorities of clusters, by `crosslink ca`, for scenes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../../support/binary.ts";
import { mustRunIn } from "../support/command.ts";
import { type Node, writeClusters } from "../support/topology.ts";

/** What cluster files say of authorities, by cluster. */
export type Authorities = Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

/** `crosslink ca`, on the authority beside the keyring of a folder. */
function ca(
  folder: string,
  { namespace }: Node,
  ...words: readonly string[]
): Promise<string> {
  const program = binary;
  const keyring = join(folder, "keyring.json");
  return mustRunIn(namespace, program, "ca", ...words, "--keyring", keyring);
}

/** What it gives for a cluster's file. */
export async function memberOf(
  folder: string,
  node: Node,
  ...words: readonly string[]
): Promise<Record<string, string>> {
  const [, member = ""] = (await ca(folder, node, ...words)).split("\n");
  return JSON.parse(`{${member}}`) as Record<string, string>;
}

/** Makes an authority for each of two clusters, on its one node. */
export async function foundAuthorities([one, two]: readonly [
  Node,
  Node,
]): Promise<Authorities> {
  return {
    cluster1: await memberOf(one.folder, one, "init", "cluster1"),
    cluster2: await memberOf(two.folder, two, "init", "cluster2"),
  };
}

/** A node's key is born there, and signed by the authority of a folder. */
export async function certify(node: Node, authority: string): Promise<void> {
  const file = join(node.folder, "request.pem");
  writeFileSync(file, await ca(node.folder, node, "request"));
  const certificate = await ca(authority, node, "sign", node.name, file);
  writeFileSync(join(node.folder, "node.crt"), certificate);
}

/** The same files on every node. */
export function writeAuthorities(
  nodes: readonly Node[],
  authorities: Authorities,
): void {
  writeClusters(nodes, (cluster) => ({
    keying: "ike",
    ...authorities[cluster],
  }));
}
