import { type Cidr, cidrContains, parseCidr } from "../ip/cidr.ts";
import { memberPointer, orRefuse, type Refuse } from "./document/problem.ts";
import type { Cluster } from "./generated/cluster.ts";
import { type End, readEnds } from "./node.ts";
import { firstOverlap, overlapping, sortByCidr } from "./overlap.ts";
import { reservedBlock } from "./reserved.ts";

/** A network of a cluster file, and where it stands there. */
export interface Claim {
  readonly cidr: Cidr;
  readonly pointer: string;
}

/** A cluster file, read and found to make sense by itself. */
export interface ReadCluster {
  /** With every address and network in its canonical form. */
  readonly cluster: Cluster;
  /** Networks as the other clusters see them. */
  readonly effective: readonly Claim[];
  /** Pod CIDRs that the other clusters see under another number, while the cluster itself uses this one. */
  readonly hidden: readonly Claim[];
  readonly ends: readonly End[];
}

/** Reads a cluster's addresses and checks whatever can be checked without the other clusters. */
export function readCluster(cluster: Cluster, refuse: Refuse): ReadCluster {
  const read = (list: readonly string[], pointer: string): Claim[] =>
    list.map((text, i) => {
      const claim = readNetwork(text, `${pointer}/${i}`, refuse);
      return requireFamily(claim, cluster.ipFamily, refuse);
    });
  const pods = read(cluster.podCIDRs, "/podCIDRs");
  const services = read(cluster.serviceCIDRs, "/serviceCIDRs");
  const shares = cluster.nodes.map((node, i) =>
    read(node.podCIDRs ?? [], `/nodes/${i}/podCIDRs`),
  );
  const own = pods.length > 0 ? pods : shares.flat();
  requireDisjoint([...own, ...services], refuse);
  requireDisjoint(shares.flat(), refuse);
  if (pods.length > 0) requireInside(shares.flat(), pods, refuse);
  const globals = readGlobals(cluster.globalCIDRs, pods, refuse);
  const seen = own.map((claim) => globals.get(claim.cidr.text) ?? claim);
  const effective = [...seen, ...services];
  if (globals.size > 0) requireDisjoint(effective, refuse);
  requireShape(cluster, refuse);
  const ends = readEnds(cluster.nodes, refuse);
  return {
    cluster: canonical(cluster, { pods, services, shares, globals, ends }),
    effective,
    hidden: own.filter((claim) => globals.has(claim.cidr.text)),
    ends: ends.flat(),
  };
}

function readNetwork(text: string, pointer: string, refuse: Refuse): Claim {
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
  claim: Claim,
  wanted: Cluster["ipFamily"],
  refuse: Refuse,
): Claim {
  const family = claim.cidr.family === 4 ? "ipv4" : "ipv6";
  if (wanted === "all" || wanted === family) return claim;
  return refuse({
    pointer: claim.pointer,
    fact: `"${claim.cidr.text}" is not ${wanted}, which "ipFamily" asks for`,
    fix: 'remove it, or set "ipFamily" to "all"',
  });
}

function requireDisjoint(claims: readonly Claim[], refuse: Refuse): void {
  const [a, b] = firstOverlap(claims) ?? [];
  if (a === undefined || b === undefined) return;
  refuse({
    pointer: b.pointer,
    fact: `"${b.cidr.text}" overlaps "${a.cidr.text}" at ${a.pointer}`,
    fix: "remove one of them, or make them smaller",
  });
}

function requireInside(
  shares: readonly Claim[],
  pods: readonly Claim[],
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
  pods: readonly Claim[],
  refuse: Refuse,
): Map<string, Claim> {
  const known = new Set(pods.map((claim) => claim.cidr.text));
  const globals = new Map<string, Claim>();
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
        fix: `write a network of the same family that ends in "/${from.prefix}"`,
      });
    }
    globals.set(from.text, to);
  }
  return globals;
}

/** What the schema can't say about which keys need each other. */
function requireShape(cluster: Cluster, refuse: Refuse): void {
  if (cluster.encryption === "none") {
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
  readonly pods: readonly Claim[];
  readonly services: readonly Claim[];
  readonly shares: readonly (readonly Claim[])[];
  readonly globals: ReadonlyMap<string, Claim>;
  readonly ends: readonly (readonly End[])[];
}

/** The same cluster with one spelling for each address, so that texts can be compared. */
function canonical(cluster: Cluster, parts: Parts): Cluster {
  const texts = (claims: readonly Claim[] = []): string[] =>
    claims.map((claim) => claim.cidr.text);
  const addresses = (i: number, elastic: boolean): string[] =>
    (parts.ends[i] ?? [])
      .filter((end) => end.elastic === elastic)
      .map((end) => end.address.text);
  return {
    ...cluster,
    podCIDRs: texts(parts.pods),
    serviceCIDRs: texts(parts.services),
    globalCIDRs: Object.fromEntries(
      [...parts.globals].map(([from, to]) => [from, to.cidr.text]),
    ),
    nodes: cluster.nodes.map(({ ips, elasticIP, podCIDRs, ...node }, i) => {
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
