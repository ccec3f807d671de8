import type { Cidr } from "../../ip/cidr.ts";
import {
  formatAddress,
  IP6_RT_PRIO_USER,
  type Route,
  type RouteClient,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTN_UNICAST,
} from "../../native/index.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";

/** How a packet to an address leaves this node. */
export interface Egress {
  readonly outputInterface: number;
  readonly gateway?: Uint8Array;
}

/**
 * Tells how a packet to an address leaves this node; undefined where it cannot, be it that it is this node's own. Each is
 * asked for once, since thousands of CIDRs may lie behind one router; those named are, with the first of them, all at once.
 */
export function nextHops(
  route: RouteClient,
  together: readonly Uint8Array[],
): (address: Uint8Array) => Egress | undefined {
  const named = new Map(
    together.map((address) => [formatAddress(address), address]),
  );
  const known = new Map<string, Egress | undefined>();
  const ask = (asked: ReadonlyMap<string, Uint8Array>): void => {
    const found = route.getRoutes([...asked.values()]);
    for (const [at, text] of [...asked.keys()].entries())
      known.set(text, hopOf(found[at]));
  };
  return (address) => {
    const text = formatAddress(address);
    if (!known.has(text))
      ask(named.has(text) ? named : new Map([[text, address]]));
    return known.get(text);
  };
}

function hopOf(found: Route | undefined): Egress | undefined {
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
  { gateway, outputInterface }: Egress,
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
