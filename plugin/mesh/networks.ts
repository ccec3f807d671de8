import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  addressInCidr,
  type Cidr,
  cidrContains,
  compareAddresses,
  compareCidrs,
  mapCidr,
  parseCidr,
} from "../../ip/cidr.ts";
import { distinctCidrs } from "../../ip/distinct.ts";
import { coveringIndex, firstInside } from "../../ip/search.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Cluster } from "../../conf/generated/cluster.ts";

/** A cluster's networks, in its own addresses and in those that the other clusters use for them. */
export interface Networks {
  /** The pods', from the cluster's and its nodes' podCIDRs. */
  readonly pods: readonly Cidr[];
  readonly services: readonly Cidr[];
  /** Pods and services as other clusters see them. */
  readonly seen: readonly Cidr[];
}

/** What a cluster file says of the cluster's networks; each list without doubles and parts of others, sorted. */
export function networksOf(source: ClusterSource): Networks {
  const { cluster } = source;
  const listed = [
    ...cluster.podCIDRs,
    ...cluster.nodes.flatMap((node) => node.podCIDRs ?? []),
  ];
  const pods = widest(inFamily(cluster, [...new Set(listed)].map(parseCidr)));
  const services = widest(
    inFamily(cluster, cluster.serviceCIDRs.map(parseCidr)),
  );
  const seen = widest([...pods.map(seenFrom(source)), ...services]);
  return { pods, services, seen };
}

/**
 * The network under which other clusters see a pod CIDR of this one: its place in `globalCIDRs`, which are read once, else
 * itself. What it returns throws CniError 7 where only a part of a pod CIDR has a global network.
 */
export function seenFrom(source: ClusterSource): (pods: Cidr) => Cidr {
  const globals = Object.entries(source.cluster.globalCIDRs)
    .map(([own, global]) => ({ from: parseCidr(own), to: parseCidr(global) }))
    .sort((a, b) => compareCidrs(a.from, b.from));
  if (globals.length === 0) return (pods) => pods;
  const covering = coveringIndex(globals, ({ from }) => from);
  return (pods) => {
    const [around] = covering(pods);
    if (around !== undefined) return mapCidr(pods, around.from, around.to);
    const part = firstInside(globals, pods, ({ from }) => from);
    if (part !== undefined) throw onlyInPart(source, pods, part.from);
    return pods;
  };
}

function onlyInPart(
  { cluster, file }: ClusterSource,
  pods: Cidr,
  part: Cidr,
): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot map pod CIDR "${pods.text}" of cluster "${cluster.name}": only its part "${part.text}" has a global CIDR`,
    {
      details: `${file}: /globalCIDRs. Give all of "${pods.text}" a global CIDR`,
    },
  );
}

/** The CIDRs of the families that `ipFamily` names. */
export function inFamily(cluster: Cluster, cidrs: readonly Cidr[]): Cidr[] {
  const { ipFamily } = cluster;
  return cidrs.filter(
    ({ family }) => ipFamily === "all" || ipFamily === `ipv${String(family)}`,
  );
}

/** The same addresses in the fewest of the given networks, sorted. Networks nest or are apart, so neighbours tell. */
export function widest(cidrs: readonly Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  for (const cidr of [...cidrs].sort(compareCidrs)) {
    const last = kept.at(-1);
    if (last === undefined || !cidrContains(last, cidr)) kept.push(cidr);
  }
  return kept;
}

/** The one of these networks, sorted and apart, that holds the address. */
export function networkHolding(
  networks: readonly Cidr[],
  address: Uint8Array,
): Cidr | undefined {
  let low = 0;
  let high = networks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = networks[middle]?.bytes ?? address;
    if (compareAddresses(start, address) <= 0) low = middle + 1;
    else high = middle;
  }
  const candidate = networks[low - 1];
  return candidate !== undefined && addressInCidr(address, candidate)
    ? candidate
    : undefined;
}

/** Sorted, each once. */
export function distinct(cidrs: readonly Cidr[]): Cidr[] {
  if (cidrs.length < 2) return [...cidrs];
  return distinctCidrs(cidrs).sort(compareCidrs);
}

/** Whether traffic with the cluster is encrypted, if the other side's is too. */
export function isEncrypted({ cluster }: ClusterSource): boolean {
  return cluster.encryption !== "none";
}
