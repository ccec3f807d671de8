import {
  clusterFile,
  type Node,
  type NodePlan,
  writeKeyring,
} from "../e2e/support/topology.ts";

/** How a node's mesh looks in a measurement. */
export interface Mesh {
  readonly remoteCidrs: number;
  readonly encryption: "esp" | "none";
}

/** As many clusters as CIDRs, up to this; then the clusters grow. Each has one node. */
const mostClusters = 10;

/** The node that is measured. */
export const localPlan: NodePlan = {
  cluster: "local",
  name: "node",
  privateIp: "172.17.0.2",
  elasticIp: "203.0.113.1",
  podCidr: "10.0.0.0/16",
};

/** Writes the cluster files and a keyring of a mesh into the node's folder. */
export function writeMesh(node: Node, mesh: Mesh): void {
  node.writeCluster("local", clusterFile("local", [localPlan]));
  for (let index = 0; index < clusterCount(mesh); index += 1)
    node.writeCluster(`remote${index}`, remoteCluster(mesh, index));
  writeKeyring([node]);
}

/** Writes a plain network's file, so that a pod's ADD has something to link. */
export function writeOffice(node: Node): void {
  const office = { name: "router", ips: ["172.17.0.10"] };
  node.writeCluster("office", {
    encryption: "none",
    podCIDRs: ["192.168.77.0/24"],
    nodes: [office],
  });
}

/** Takes the files of the remote clusters away: they stay fenced, and nothing needs ESP. */
export function removeRemotes(node: Node, mesh: Mesh): void {
  for (let index = 0; index < clusterCount(mesh); index += 1)
    node.removeCluster(`remote${index}`);
}

function clusterCount({ remoteCidrs }: Mesh): number {
  return Math.min(remoteCidrs, mostClusters);
}

function remoteCluster(mesh: Mesh, index: number): object {
  const each = mesh.remoteCidrs / clusterCount(mesh);
  const podCIDRs = Array.from({ length: each }, (_, n) => {
    const number = index * each + n;
    return `10.${100 + (number >> 8)}.${number & 255}.0/24`;
  });
  const { encryption } = mesh;
  // Routers of a plain network lie where the node can reach them directly; peers lie in the internet.
  const ips = [encryption === "esp" ? "192.168.0.2" : `172.17.0.${10 + index}`];
  const elastic =
    encryption === "esp" ? { elasticIP: `198.51.100.${10 + index}` } : {};
  const name = `remote${index}`;
  return { encryption, podCIDRs, nodes: [{ name, ips, ...elastic, podCIDRs }] };
}
