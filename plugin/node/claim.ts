import type { Claim } from "../../conf/claims.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { isEncrypted, networksOf } from "../mesh/networks.ts";

/** What a cluster file that is right says of the networks behind it. Throws CniError 7 where only a part of one has a global CIDR. */
export function claimOf(
  source: ClusterSource,
  networks: typeof networksOf = networksOf,
): Claim {
  const { name, nodes, podCIDRs, managedBy } = source.cluster;
  const { seen, pods } = networks(source);
  // Where no admin has said the cluster's own networks its nodes' are all that there is, and a node goes without his word.
  const onlyAdds = managedBy !== undefined && podCIDRs.length === 0;
  const encrypted = isEncrypted(source);
  return { name, encrypted, seen, pods, nodes, onlyAdds };
}
