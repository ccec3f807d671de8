import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  addressFromValue,
  addressValue,
  parseAddress,
} from "../../../ip/cidr.ts";

/** A mesh in p2p mode of as many nodes as there are to be, the same number in each cluster. */
export interface ScaleMesh {
  readonly nodes: number;
  /** Pods and nodes have IPv6 addresses, too. */
  readonly dual: boolean;
  /** Nodes lie in the internet, behind one default route; otherwise all are neighbours on one link, without a default route. */
  readonly elastic: boolean;
  /** Whether each cluster's file has one network that holds its nodes' pod CIDRs; otherwise only the nodes' own. */
  readonly covered: boolean;
  readonly mode?: "p2p" | "gateway";
}

/** A node of such a mesh, as its cluster's file has it. */
export interface ScaleNode {
  readonly name: string;
  readonly ips: readonly string[];
  readonly elasticIP?: string;
  readonly podCIDRs: readonly string[];
  readonly gateway?: true;
}

/** A cluster of it, as its file has it. */
export interface ScaleCluster {
  readonly name: string;
  readonly mode?: "gateway";
  readonly podCIDRs?: readonly string[];
  readonly nodes: readonly ScaleNode[];
}

const CLUSTERS = 20;
/** A leaf has a gateway beside it. */
const FEWEST_IN_A_CLUSTER = 2;

/** So many nodes fit: each cluster has a quarter of 10.0.0.0/8's /16s, and a node a /24 of them. */
const MOST_IN_A_CLUSTER = 1024;

/** The measured nodes, both of the first cluster: in gateway mode the first is its gateway, the other a leaf. */
export const measured = { node: "c0-n0", leaf: "c0-n1" } as const;

/** The clusters of a mesh, the measured node's first. */
export function scaleClusters(mesh: ScaleMesh): ScaleCluster[] {
  const clusters = Math.min(CLUSTERS, mesh.nodes / FEWEST_IN_A_CLUSTER);
  const each = mesh.nodes / clusters;
  if (!Number.isInteger(each) || each > MOST_IN_A_CLUSTER)
    throw new RangeError(
      `Cannot make ${clusters} clusters of ${mesh.nodes} nodes: 1 to ${MOST_IN_A_CLUSTER} in each, all alike`,
    );
  return Array.from({ length: clusters }, (_, cluster) => ({
    name: `c${cluster}`,
    ...(mesh.mode === "gateway" ? { mode: "gateway" as const } : {}),
    ...(mesh.covered || mesh.mode === "gateway"
      ? { podCIDRs: coveringCidrs(mesh, cluster) }
      : {}),
    nodes: Array.from({ length: each }, (_, index) =>
      scaleNode(mesh, cluster, index),
    ),
  }));
}

/** Writes the cluster files and a keyring; returns the folder of the former and the path of the latter. */
export function writeScaleMesh(
  folder: string,
  mesh: ScaleMesh,
): { readonly clusters: string; readonly keyring: string } {
  const clusters = join(folder, "clusters.d");
  mkdirSync(clusters, { recursive: true, mode: 0o755 });
  for (const cluster of scaleClusters(mesh))
    writeFileSync(
      join(clusters, `${cluster.name}.json`),
      JSON.stringify(cluster, undefined, 1),
    );
  const keyring = join(folder, "keyring.json");
  const secret = randomBytes(32).toString("base64");
  const keys = { active: 1, keys: [{ id: 1, secret }] };
  writeFileSync(keyring, JSON.stringify(keys), { mode: 0o600 });
  return { clusters, keyring };
}

/** The measured node's own addresses and, where it has one, its default route: the words of `ip`. */
export function ownPlace(mesh: ScaleMesh): string[] {
  const index = mesh.mode === "gateway" ? 1 : 0;
  const [ipv4 = "", ipv6] = scaleNode(mesh, 0, index).ips;
  const router = at("172.16.255.254", 0);
  const lines = [
    "link set lo up",
    "link set eth0 up",
    `address add ${ipv4}/${mesh.elastic ? 16 : 12} dev eth0`,
    ...(ipv6 === undefined ? [] : [`address add ${ipv6}/48 dev eth0 nodad`]),
  ];
  return mesh.elastic
    ? [...lines, `route add default via ${router} dev eth0`]
    : lines;
}

function scaleNode(mesh: ScaleMesh, cluster: number, index: number): ScaleNode {
  const place = cluster * MOST_IN_A_CLUSTER + index;
  return {
    name: `c${cluster}-n${index}`,
    ips: [
      at("172.16.0.1", place),
      ...(mesh.dual ? [at("fd00:1::1", place)] : []),
    ],
    ...(mesh.elastic ? { elasticIP: at("198.18.0.1", place) } : {}),
    podCIDRs: podCidrs(mesh, place, { ipv4: 24, ipv6: 64 }),
    ...(mesh.mode === "gateway" && index === 0 ? { gateway: true } : {}),
  };
}

function coveringCidrs(mesh: ScaleMesh, cluster: number): string[] {
  const first = cluster * MOST_IN_A_CLUSTER;
  return podCidrs(mesh, first, { ipv4: 14, ipv6: 54 });
}

function podCidrs(
  { dual }: ScaleMesh,
  place: number,
  prefix: { readonly ipv4: number; readonly ipv6: number },
): string[] {
  const ipv4 = `${at("10.0.0.0", place * 256)}/${prefix.ipv4}`;
  const group = place.toString(16);
  return dual ? [ipv4, `fd00:2:0:${group}::/${prefix.ipv6}`] : [ipv4];
}

/** The address so many after another. */
function at(first: string, offset: number): string {
  const { family, bytes } = parseAddress(first);
  return addressFromValue(family, addressValue(bytes) + BigInt(offset)).text;
}
