import type { ClusterSource } from "../../../conf/clusters.ts";
import { formatAddress } from "../../../native/address.ts";
import type { SecurityAssociation } from "../../../native/xfrm/sa.ts";

/** The private address behind the address at which others reach a node. */
export function arrivesAt(
  clusters: readonly ClusterSource[],
  remote: string,
): string {
  for (const { cluster } of clusters) {
    for (const { ips, elasticIP } of cluster.nodes) {
      if (elasticIP === remote) return ips.find((ip) => !ip.includes(":"))!;
    }
  }
  return remote;
}

/** What both ends must have in common: where it arrives, SPI and key. */
export function wire(
  clusters: readonly ClusterSource[],
  sa: SecurityAssociation,
): string {
  const key = Buffer.from(sa.aead.key.bytes()).toString("hex");
  return `${arrivesAt(clusters, formatAddress(sa.source))} ${arrivesAt(clusters, formatAddress(sa.destination))} ${String(sa.spi)} ${key} ${JSON.stringify(sa.encapsulation)}`;
}
