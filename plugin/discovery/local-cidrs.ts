import { CniError, ErrorCode } from "../../cni/error.ts";
import { type Cidr, parseCidr } from "../../conf/cidr.ts";
import { AF_INET, AF_INET6 } from "../../native/address.ts";
import type { RouteClient } from "../../native/route/client.ts";
import type { Self } from "../mesh/self.ts";
import { bridgeNetworks, GLOBALROUTER_BRIDGE } from "./bridge.ts";
import { calicoBlocks } from "./calico.ts";
import { readFlannelSubnets, SUBNET_FILE } from "./flannel.ts";

/** A CIDR that this node's pods have addresses from, and how that is known. */
export interface LocalCidr {
  readonly cidr: Cidr;
  /** For an admin: the cluster file, or what was looked at on the node. */
  readonly origin: string;
}

/** RT_TABLE_MAIN: include/uapi/linux/rtnetlink.h. */
const MAIN_TABLE = 254;

/**
 * This node's pod CIDRs. What its entry in the cluster file says counts, since every other node
 * reads the same file; where it says nothing, the base CNI's own traces on this node are read.
 *
 * @throws CniError 7 where neither knows one
 */
export function findLocalCidrs(self: Self, route: RouteClient): LocalCidr[] {
  const configured = self.node.podCIDRs ?? [];
  if (configured.length > 0) {
    const origin = `node "${self.node.name}" in ${self.source.file}`;
    return configured.map((text) => ({ cidr: parseCidr(text), origin }));
  }
  const discovered = discover(self, route);
  if (discovered.length > 0) return discovered;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot find the pod CIDRs of node "${self.node.name}"`,
    {
      details: `${self.source.file} gives the node no podCIDRs, and ${lookedAt(self.source.cluster.cni)}. Give the node's podCIDRs in the cluster file`,
    },
  );
}

function discover(self: Self, route: RouteClient): LocalCidr[] {
  switch (self.source.cluster.cni) {
    case "flannel":
      return named(readFlannelSubnets(), `flannel's ${SUBNET_FILE}`);
    case "calico":
      return named(calicoBlocks(mainRoutes(route)), "calico's blackhole route");
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
      return "the main table holds no blackhole route of protocol bird or 80 (calico makes one a block when the first pod starts)";
    case "globalrouter":
      return `there is no bridge ${GLOBALROUTER_BRIDGE} with an address`;
    case "other":
      return 'cni "other" leaves no trace to find them by';
  }
}

function mainRoutes(route: RouteClient): ReturnType<RouteClient["routes"]> {
  return [AF_INET, AF_INET6].flatMap((family) =>
    route.routes({ family, table: MAIN_TABLE }),
  );
}

function named(cidrs: readonly Cidr[], origin: string): LocalCidr[] {
  return cidrs.map((cidr) => ({ cidr, origin }));
}
