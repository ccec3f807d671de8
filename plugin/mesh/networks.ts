import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  addressInCidr,
  type Cidr,
  cidrContains,
  cidrOverlaps,
  compareAddresses,
  compareCidrs,
  mapCidr,
  parseCidr,
} from "../../ip/cidr.ts";
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
  const seen = widest([
    ...pods.map((cidr) => seenAs(source, cidr)),
    ...services,
  ]);
  return { pods, services, seen };
}

/**
 * The network under which other clusters see a pod CIDR of this one: its place in `globalCIDRs`, else itself.
 *
 * @throws CniError 7 where only a part of it has a global network
 */
export function seenAs(source: ClusterSource, pods: Cidr): Cidr {
  for (const [own, global] of Object.entries(source.cluster.globalCIDRs)) {
    const from = parseCidr(own);
    if (cidrContains(from, pods)) return mapCidr(pods, from, parseCidr(global));
    if (cidrOverlaps(from, pods)) {
      throw new CniError(
        ErrorCode.invalidConfiguration,
        `Cannot map pod CIDR "${pods.text}" of cluster "${source.cluster.name}": only its part "${own}" has a global CIDR`,
        {
          details: `${source.file}: /globalCIDRs. Give all of "${pods.text}" a global CIDR`,
        },
      );
    }
  }
  return pods;
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
  return [...new Map(cidrs.map((cidr) => [cidr.text, cidr])).values()].sort(
    compareCidrs,
  );
}

/** Whether traffic with the cluster is encrypted, if the other side's is too. */
export function isEncrypted({ cluster }: ClusterSource): boolean {
  return cluster.encryption !== "none";
}
