import {
  AF_INET,
  AF_INET6,
  type RouteClient,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { type Cidr, parseCidr } from "../../ip/cidr.ts";
import type { Self } from "../mesh/self.ts";
import { bridgeNetworks, GLOBALROUTER_BRIDGE } from "./bridge.ts";
import { calicoBlocks } from "./calico.ts";
import { readFlannelSubnets, SUBNET_FILE } from "./flannel.ts";

/** A CIDR that this node's pods have addresses from, and how that is known. */
export interface LocalCidr {
  readonly cidr: Cidr;
  /** For an admin: the cluster file, or what was looked at on the node. */
  readonly origin: string;
  /**
   * Whether more may follow by themselves: calico claims a block when a pod finds the others full, and
   * Felix or BIRD gives it a route only after calico's ADD has returned.
   */
  readonly grows?: boolean;
}

/**
 * This node's pod CIDRs. What the cluster files say counts, since every other node reads the same;
 * where they say nothing, the base CNI's own traces on this node are read.
 *
 * @throws CniError 7 where neither knows one, 11 where the base CNI may leave a trace yet
 */
export function findLocalCidrs(self: Self, route: RouteClient): LocalCidr[] {
  const configured = [...ofNode(self), ...ofCluster(self)];
  if (configured.length > 0) return configured;
  const discovered = discover(self, route);
  if (discovered.length > 0) return discovered;
  throw unknownCidrs(self);
}

function unknownCidrs({ node, source: { cluster, file } }: Self): CniError {
  const later = cluster.cni === "calico";
  const fix = "give the node's podCIDRs in the cluster file";
  return new CniError(
    later ? ErrorCode.tryAgainLater : ErrorCode.invalidConfiguration,
    `Cannot find the pod CIDRs of node "${node.name}"`,
    {
      details: `${file} gives the node no podCIDRs, and ${lookedAt(cluster.cni)}. ${later ? `The runtime tries again; if none comes, look at calico-node's log, or ${fix}` : `To mend it, ${fix}`}`,
    },
  );
}

function ofNode({ node, source }: Self): LocalCidr[] {
  const cidrs = (node.podCIDRs ?? []).map(parseCidr);
  return named(cidrs, `node "${node.name}" in ${source.file}`);
}

/** All of the cluster's are this node's where it is the only one, or where a gateway stands for all. */
function ofCluster({ node, source }: Self): LocalCidr[] {
  const { mode, nodes, podCIDRs, name } = source.cluster;
  const isShared = mode === "gateway" || nodes.length === 1;
  if (!isShared || (node.podCIDRs ?? []).length > 0) return [];
  return named(podCIDRs.map(parseCidr), `cluster "${name}" in ${source.file}`);
}

function discover(self: Self, route: RouteClient): LocalCidr[] {
  switch (self.source.cluster.cni) {
    case "flannel":
      return named(readFlannelSubnets(), `flannel's ${SUBNET_FILE}`);
    case "calico":
      return named(
        calicoBlocks(mainRoutes(route)),
        "calico's blackhole route",
      ).map((local) => ({ ...local, grows: true }));
    case "globalrouter":
      return named(
        bridgeNetworks(GLOBALROUTER_BRIDGE, route),
        `bridge ${GLOBALROUTER_BRIDGE}`,
      );
    case "other":
      return [];
  }
}

function lookedAt(cni: Self["source"]["cluster"]["cni"]): string {
  switch (cni) {
    case "flannel":
      return `${SUBNET_FILE} holds none`;
    case "calico":
      return "the main table holds no blackhole route of protocol bird or 80: calico makes one a block, soon after the first pod";
    case "globalrouter":
      return `there is no bridge ${GLOBALROUTER_BRIDGE} with an address`;
    case "other":
      return 'cni "other" leaves no trace to find them by';
  }
}

function mainRoutes(route: RouteClient): ReturnType<RouteClient["routes"]> {
  return [AF_INET, AF_INET6].flatMap((family) =>
    route.routes({ family, table: RT_TABLE_MAIN }),
  );
}

function named(cidrs: readonly Cidr[], origin: string): LocalCidr[] {
  return cidrs.map((cidr) => ({ cidr, origin }));
}
