import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROTATION, type RotationStep } from "../support/rotation.ts";
import { binary } from "../support/binary.ts";
import type { Cluster, Ground } from "./cluster.ts";
import type { Conflist } from "./node/base.ts";
import type { Node } from "./node/node.ts";
import { officeFile } from "./office.ts";

/** A cluster as far as its file goes. */
type Described = Pick<
  Cluster,
  "name" | "base" | "kubectl" | "nodes" | "pods" | "services"
>;

/** Where files are made. */
type Folder = Pick<Ground, "folder">;

/** Where kubelet's runtime finds plugins. */
export const CNI_BIN = "/opt/cni/bin";
const KEYRING = "/etc/crosslink/keyring.json";
const CLUSTERS = "/etc/crosslink/clusters.d";

/** Puts a copy of dist/crosslink in place by rename, as an upgrade does. */
export async function putCrosslink(node: Node): Promise<void> {
  const script =
    'cp "$1" "$2/.crosslink-new" && mv "$2/.crosslink-new" "$2/crosslink" && ln -sf crosslink "$2/crosslink-ipam"';
  await node.run(["bash", "-c", script, "bash", binary, CNI_BIN]);
}

/** Gives a node the plugins of its base. */
export async function putBasePlugins(
  node: Node,
  { programs }: Pick<Ground, "programs">,
): Promise<void> {
  // The flannel plugin's last, since the reference plugins have others of its name.
  const folders = ["plugins", "calico", "flannel-cni"].map(
    (source) => programs.get(source) ?? "",
  );
  const script =
    'bin=$1; shift; for folder; do ln -sf "$folder"/* "$bin/"; done';
  await node.run(["bash", "-c", script, "bash", CNI_BIN, ...folders]);
}

/** Writes a keyring and all clusters' files to every node. */
export async function writeMesh(
  ground: Folder,
  clusters: readonly Described[],
): Promise<void> {
  keygen(ground);
  const files = await Promise.all(clusters.map(clusterFile));
  for (const node of nodesOf(clusters)) {
    await writeKeyring(node, ground);
    for (const file of files) await writeClusterFile(node, file);
  }
}

/** Rotates the keys of all nodes, as an admin does by hand; before each step something else may be done. */
export async function rotateKeys(
  ground: Ground,
  clusters: readonly Cluster[],
  before: (step: RotationStep) => Promise<unknown>,
): Promise<void> {
  for (const step of ROTATION) {
    await before(step);
    keygen(ground, step);
    for (const node of nodesOf(clusters)) {
      await writeKeyring(node, ground);
      await node.run([`${CNI_BIN}/crosslink`, "apply"]);
    }
  }
}

function nodesOf(clusters: readonly Pick<Cluster, "nodes">[]): Node[] {
  return clusters.flatMap((cluster) => cluster.nodes);
}

function keygen(ground: Folder, ...step: readonly RotationStep[]): void {
  execFileSync(binary, ["keygen", ...step, "--keyring", keyringIn(ground)]);
}

async function writeKeyring(node: Node, ground: Folder): Promise<void> {
  await node.write(KEYRING, readFileSync(keyringIn(ground), "utf8"), "0600");
}

/** Where the nodes' keyring is made. */
function keyringIn({ folder }: Folder): string {
  return join(folder, "keyring.json");
}

/** Writes a cluster's own file and the office's to its nodes: what is not encrypted needs no keyring. */
export async function writeOfficeMesh(cluster: Cluster): Promise<void> {
  const files = [await clusterFile(cluster), officeFile()];
  for (const node of cluster.nodes)
    for (const file of files) await writeClusterFile(node, file);
}

/** Writes a cluster's file to a node. */
export async function writeClusterFile(
  node: Node,
  file: { readonly name: string },
): Promise<void> {
  await node.write(
    `${CLUSTERS}/${file.name}.json`,
    JSON.stringify(file, undefined, 2),
  );
}

/** Gives the runtime the base's conflist, with crosslink as the last of its plugins. */
export async function writeConflist(
  node: Node,
  { base }: Pick<Cluster, "base">,
): Promise<void> {
  const conflist = base.conflist(node);
  await placeConflist(node, base.cni, {
    ...conflist,
    plugins: [...conflist.plugins, { type: "crosslink" }],
  });
}

/** Writes a conflist as installers do. */
export async function placeConflist(
  node: Node,
  name: string,
  conflist: Conflist,
): Promise<void> {
  await node.write(
    `/etc/cni/net.d/10-${name}.conflist`,
    JSON.stringify(conflist, undefined, 2),
  );
}

/** What a cluster's file says of it. */
export async function clusterFile({
  name,
  base,
  kubectl,
  nodes,
  pods,
  services,
}: Described) {
  const withCidrs = nodes.map(async (node) => ({
    name: node.name,
    ips: [node.address],
    podCIDRs: [await base.podCidr(node, kubectl)],
  }));
  return {
    name,
    cni: base.cni,
    podCIDRs: [pods],
    serviceCIDRs: [services],
    nodes: await Promise.all(withCidrs),
  };
}

/** Takes a cluster's file from a node. */
export async function removeClusterFile(
  node: Node,
  { name }: { readonly name: string },
): Promise<void> {
  await node.run(["rm", `${CLUSTERS}/${name}.json`]);
}
