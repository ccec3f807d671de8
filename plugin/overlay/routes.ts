import type { Cidr } from "../../ip/cidr.ts";
import type { Route } from "../../native/route/route.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";
import type { NextHop } from "./way.ts";

/** RT_TABLE_MAIN, RT_SCOPE_UNIVERSE, RTN_UNICAST, RTN_UNREACHABLE: include/uapi/linux/rtnetlink.h. */
export const MAIN_TABLE = 254;
const SCOPE_UNIVERSE = 0;
export const UNICAST = 1;
export const UNREACHABLE = 7;

/** IP6_RT_PRIO_USER: what the kernel gives an IPv6 route that asks for no metric. */
const IPV6_METRIC = 1024;

/** A route of ours by a next hop, of either family; in the main table unless said otherwise. */
export function routeBy(
  destination: Cidr,
  { gateway, outputInterface }: NextHop,
  more: Pick<Route, "onlink"> & { readonly table?: number } = {},
): Route {
  const metric = destination.family === 6 ? { priority: IPV6_METRIC } : {};
  return {
    ...routeTo(destination, UNICAST),
    outputInterface,
    ...(gateway && { gateway }),
    ...metric,
    ...more,
  };
}

/** The beginning of a route of ours in the main table. */
export function routeTo(destination: Cidr, type: number): Route {
  return {
    destination: { address: destination.bytes, length: destination.prefix },
    table: MAIN_TABLE,
    protocol: ROUTE_PROTOCOL,
    scope: SCOPE_UNIVERSE,
    type,
  };
}
