import type { Cidr } from "../../ip/cidr.ts";
import {
  IP6_RT_PRIO_USER,
  type Route,
  type RouteClient,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTN_UNICAST,
} from "../../native/index.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";

/** How a packet to an address leaves this node. */
export interface NextHop {
  readonly outputInterface: number;
  readonly gateway?: Uint8Array;
}

/** How a packet to an address leaves this node; undefined where it cannot, be it that it is this node's own. */
export function nextHopTo(
  route: RouteClient,
  address: Uint8Array,
): NextHop | undefined {
  const found = route.getRoute(address);
  if (found?.outputInterface === undefined || found.type !== RTN_UNICAST)
    return undefined;
  const { outputInterface, gateway } = found;
  return gateway === undefined
    ? { outputInterface }
    : { outputInterface, gateway };
}

/** A route of ours by a next hop, of either family, in the main table. */
export function routeBy(
  destination: Cidr,
  { gateway, outputInterface }: NextHop,
): Route {
  const metric = destination.family === 6 ? { priority: IP6_RT_PRIO_USER } : {};
  return {
    ...routeTo(destination, RTN_UNICAST),
    outputInterface,
    ...(gateway && { gateway }),
    ...metric,
  };
}

/** To the kernel an IPv4 route may have an IPv6 router, but not the other way round. */
export function canLead(router: Uint8Array, { family }: Cidr): boolean {
  return family === 4 || router.length === 16;
}

/** The beginning of a route of ours in the main table. */
export function routeTo(destination: Cidr, type: number): Route {
  return {
    destination: { address: destination.bytes, length: destination.prefix },
    table: RT_TABLE_MAIN,
    protocol: ROUTE_PROTOCOL,
    scope: RT_SCOPE_UNIVERSE,
    type,
  };
}
