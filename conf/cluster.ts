import { type Cidr, cidrContains, parseCidr } from "../ip/cidr.ts";
import { requireAuthority } from "./authority.ts";
import {
  memberPointer,
  orRefuse,
  type Refuse,
  type WhereIs,
} from "./document/problem.ts";
import type { Cluster, Node } from "./generated/cluster.ts";
import { type NodeAddress, readAddresses, type SaidOfNodes } from "./node.ts";
import { firstOverlap, overlapping, sortByCidr } from "./overlap.ts";
import { reservedBlock } from "./reserved.ts";

/** A network of a cluster file, and where it stands there. */
export interface LocatedCidr {
  readonly cidr: Cidr;
  readonly pointer: string;
}

/** A cluster file, read and found to make sense by itself. */
export interface ReadCluster {
  /** With every address and network in its canonical form. */
  readonly cluster: Cluster;
  /** Networks as the other clusters see them. */
  readonly effective: readonly LocatedCidr[];
  /** Pod CIDRs that the other clusters see under another number, while the cluster itself uses this one. */
  readonly hidden: readonly LocatedCidr[];
  readonly addresses: readonly NodeAddress[];
}

/** What is told of a cluster that is read. */
type Said = Partial<Omit<SaidOfNodes, "refuse">> & Pick<SaidOfNodes, "refuse">;

/** Reads a cluster's addresses and checks whatever can be checked without the other clusters. */
export function readCluster(
  cluster: Cluster,
  { refuse, whereIs = (pointer) => pointer, known = new Set() }: Said,
): ReadCluster {
  const said = { refuse, whereIs, known };
  const read = (list: readonly string[], pointer: string): LocatedCidr[] =>
    list.map((text, i) => {
      const network = readNetwork(text, `${pointer}/${i}`, refuse);
      return requireFamily(network, cluster.ipFamily, refuse);
    });
  const pods = read(cluster.podCIDRs, "/podCIDRs");
  const services = read(cluster.serviceCIDRs, "/serviceCIDRs");
  const shares = cluster.nodes.map((node, i) =>
    read(node.podCIDRs ?? [], `/nodes/${i}/podCIDRs`),
  );
  const own = pods.length > 0 ? pods : shares.flat();
  requireDisjoint([...own, ...services], said);
  requireDisjoint(shares.flat(), said);
  if (pods.length > 0) requireInside(shares.flat(), pods, refuse);
  const globals = readGlobals(cluster.globalCIDRs, pods, refuse);
  const seen = own.map((network) => globals.get(network.cidr.text) ?? network);
  const effective = [...seen, ...services];
  if (globals.size > 0) requireDisjoint(effective, said);
  requireShape(cluster, refuse);
  requireAuthority(cluster, refuse);
  const addresses = readAddresses(cluster.nodes, said);
  return {
    cluster: canonical(cluster, {
      ...{ pods, services, shares, globals, addresses, known },
    }),
    effective,
    hidden: own.filter((network) => globals.has(network.cidr.text)),
    addresses: addresses.flat(),
  };
}

function readNetwork(
  text: string,
  pointer: string,
  refuse: Refuse,
): LocatedCidr {
  const cidr = orRefuse(() => parseCidr(text), pointer, refuse);
  const block = reservedBlock(cidr);
  if (block === undefined) return { cidr, pointer };
  return refuse({
    pointer,
    fact: `"${cidr.text}" overlaps ${block}`,
    fix: "write the pods' own networks; crosslink blocks what it can't encrypt toward them",
  });
}

function requireFamily(
  network: LocatedCidr,
  wanted: Cluster["ipFamily"],
  refuse: Refuse,
): LocatedCidr {
  const family = network.cidr.family === 4 ? "ipv4" : "ipv6";
  if (wanted === "all" || wanted === family) return network;
  return refuse({
    pointer: network.pointer,
    fact: `"${network.cidr.text}" is not ${wanted}, which "ipFamily" asks for`,
    fix: 'remove it, or set "ipFamily" to "all"',
  });
}

function requireDisjoint(
  networks: readonly LocatedCidr[],
  { refuse, whereIs }: { readonly refuse: Refuse; readonly whereIs: WhereIs },
): void {
  const [a, b] = firstOverlap(networks) ?? [];
  if (a === undefined || b === undefined) return;
  refuse({
    pointer: b.pointer,
    fact: `"${b.cidr.text}" overlaps "${a.cidr.text}" at ${whereIs(a.pointer)}`,
    fix: "remove one of them, or make them smaller",
  });
}

function requireInside(
  shares: readonly LocatedCidr[],
  pods: readonly LocatedCidr[],
  refuse: Refuse,
): void {
  const sorted = sortByCidr(pods);
  for (const { cidr, pointer } of shares) {
    const around = overlapping(sorted, cidr);
    if (around.some((pod) => cidrContains(pod.cidr, cidr))) continue;
    refuse({
      pointer,
      fact: `"${cidr.text}" is not a part of the cluster's own podCIDRs`,
      fix: 'correct it, or add its network to "/podCIDRs"',
    });
  }
}

/** `globalCIDRs` by pod CIDR. */
function readGlobals(
  globalCidrs: Cluster["globalCIDRs"],
  pods: readonly LocatedCidr[],
  refuse: Refuse,
): Map<string, LocatedCidr> {
  const known = new Set(pods.map((network) => network.cidr.text));
  const globals = new Map<string, LocatedCidr>();
  for (const [key, value] of Object.entries(globalCidrs)) {
    const pointer = memberPointer("/globalCIDRs", key);
    const from = orRefuse(() => parseCidr(key), pointer, refuse);
    const to = readNetwork(value, pointer, refuse);
    if (!known.has(from.text)) {
      refuse({
        pointer,
        fact: `"${from.text}" is not one of the cluster's podCIDRs`,
        fix: 'use a network of "/podCIDRs" as the key, exactly as it is there',
      });
    }
    if (to.cidr.family !== from.family || to.cidr.prefix !== from.prefix) {
      refuse({
        pointer,
        fact: `"${to.cidr.text}" is not of the same size as "${from.text}"`,
        fix: `write a network of the same family that addresses in "/${from.prefix}"`,
      });
    }
    globals.set(from.text, to);
  }
  return globals;
}

/** By IKE alone it is told who somebody is who may appear anywhere. */
function requireInitiators({ nodes, keying }: Cluster, refuse: Refuse): void {
  for (const [i, { initiate, elasticIP }] of nodes.entries()) {
    if (initiate !== true) continue;
    const pointer = `/nodes/${i}/initiate`;
    if (keying !== "ike")
      refuse({
        pointer,
        fact: 'is true, and "keying" is not "ike"',
        fix: 'add "keying": "ike" to the file, or remove "initiate"',
      });
    if (elasticIP !== undefined)
      refuse({
        pointer,
        fact: `is true, and the node has the elasticIP "${elasticIP}", at which others reach it`,
        fix: "remove one of the two",
      });
  }
}

/** Nobody takes a node for the gateway in use that is none. */
function requireActive({ nodes }: Cluster, refuse: Refuse): void {
  for (const [i, { active, gateway }] of nodes.entries())
    if (active === true && !gateway)
      refuse({
        pointer: `/nodes/${i}/active`,
        fact: "is true, and the node is no gateway",
        fix: 'add "gateway": true to the node, or remove "active"',
      });
}

/** What the schema can't say about which keys need each other. */
function requireShape(cluster: Cluster, refuse: Refuse): void {
  requireInitiators(cluster, refuse);
  requireActive(cluster, refuse);
  if (cluster.encryption === "none") {
    if (cluster.keying === "ike")
      refuse({
        pointer: "/keying",
        fact: 'is "ike", but "encryption" is "none"',
        fix: 'remove "encryption", so that traffic with this network is encrypted, or remove "keying"',
      });
    if (cluster.podCIDRs.length > 0) return;
    refuse({
      pointer: "/podCIDRs",
      fact: "is empty, but a plain network consists of its podCIDRs",
      fix: 'write the network\'s own CIDRs, such as "192.168.10.0/24"',
    });
  }
  if (cluster.mode === "p2p") return;
  if (!cluster.nodes.some((node) => node.gateway)) {
    refuse({
      pointer: "/nodes",
      fact: 'no node has "gateway": true, which "mode": "gateway" needs',
      fix: 'add "gateway": true to the nodes that shall hold the tunnels',
    });
  }
  if (cluster.podCIDRs.length === 0) {
    refuse({
      pointer: "/podCIDRs",
      fact: 'is empty, but with "mode": "gateway" tunnels carry the whole cluster\'s podCIDRs',
      fix: "write the cluster's pod CIDRs",
    });
  }
}

interface Parts {
  readonly pods: readonly LocatedCidr[];
  readonly services: readonly LocatedCidr[];
  readonly shares: readonly (readonly LocatedCidr[])[];
  readonly globals: ReadonlyMap<string, LocatedCidr>;
  readonly addresses: readonly (readonly NodeAddress[])[];
  readonly known: ReadonlySet<Node>;
}

/** The same cluster with one spelling for each address, so that texts can be compared. */
function canonical(cluster: Cluster, parts: Parts): Cluster {
  const texts = (networks: readonly LocatedCidr[] = []): string[] =>
    networks.map((network) => network.cidr.text);
  const addresses = (i: number, elastic: boolean): string[] =>
    (parts.addresses[i] ?? [])
      .filter((found) => found.elastic === elastic)
      .map((found) => found.text);
  return {
    ...cluster,
    podCIDRs: texts(parts.pods),
    serviceCIDRs: texts(parts.services),
    globalCIDRs: Object.fromEntries(
      [...parts.globals].map(([from, to]) => [from, to.cidr.text]),
    ),
    nodes: cluster.nodes.map((read, i) => {
      if (parts.known.has(read)) return read;
      const { ips, elasticIP, podCIDRs, ...node } = read;
      const [first = "", ...others] = addresses(i, false);
      const [elastic = ""] = addresses(i, true);
      return {
        ...node,
        ips: [first, ...others],
        ...(elasticIP === undefined ? {} : { elasticIP: elastic }),
        ...(podCIDRs === undefined ? {} : { podCIDRs: texts(parts.shares[i]) }),
      };
    }),
  };
}
