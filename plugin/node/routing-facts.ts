import type { Session } from "../kernel/session.ts";
import type { RoutingFacts } from "./desired.ts";
import type { LinkedNode } from "./linked.ts";
import { nextHops } from "./next-hop.ts";
import { readSysctls } from "./observe.ts";
import type { ObservedState } from "./state.ts";

/** The sysctls that have a node forward. */
export const FORWARDING = [
  "net/ipv4/ip_forward",
  "net/ipv6/conf/all/forwarding",
];

/** What a look has found of the node's routing, and what is asked where it matters. */
export function routingFacts(
  session: Session,
  node: LinkedNode | undefined,
  { routes, sysctls }: ObservedState,
): RoutingFacts {
  const { route } = session;
  const routers = (node?.mesh.routes ?? [])
    .filter(({ kind }) => kind === "plain")
    .map(({ via }) => via);
  return {
    routes,
    advertised: () =>
      sysctls.get("net/ipv6/conf/all/forwarding") === "1"
        ? []
        : advertisedDevices(session),
    nextHop: nextHops(route, routers),
  };
}

/** Devices whose accept_ra is 1: advertisements count as long as the device does not forward. */
function advertisedDevices(session: Session): string[] {
  const paths = session.route
    .links()
    .filter(({ name }) => name !== "lo")
    .map(({ name }) => `net/ipv6/conf/${name}/accept_ra`);
  return [...readSysctls(session, paths)]
    .filter(([, value]) => value === "1")
    .map(([path]) => path);
}
