import { reservedBlock } from "../../conf/reserved.ts";
import { type Cidr, cidrOf } from "../../ip/cidr.ts";
import type { RouteClient } from "../../native/index.ts";

/** The bridge that Tencent's GlobalRouter puts pods on. */
export const GLOBALROUTER_BRIDGE = "cbr0";

/** RT_SCOPE_UNIVERSE: link-local addresses are no pod network. */
const SCOPE_UNIVERSE = 0;

/** The networks that a bridge is connected to: what its pods' addresses are from. */
export function bridgeNetworks(name: string, route: RouteClient): Cidr[] {
  const link = route.link(name);
  if (link === undefined) return [];
  return route
    .addresses()
    .filter(
      ({ index, scope }) => index === link.index && scope === SCOPE_UNIVERSE,
    )
    .map(({ address, prefixLength }) => cidrOf(address, prefixLength))
    .filter((cidr) => reservedBlock(cidr) === undefined);
}
