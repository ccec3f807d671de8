import type { Claim } from "../../conf/claims.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { isEncrypted, networksOf } from "../mesh/networks.ts";

/** What a cluster file that is right says of the networks behind it. Throws CniError 7 where only a part of one has a global CIDR. */
export function claimOf(
  source: ClusterSource,
  networks: typeof networksOf = networksOf,
): Claim {
  const { name, nodes } = source.cluster;
  const { seen, pods } = networks(source);
  return { name, encrypted: isEncrypted(source), seen, pods, nodes };
}
