import { type Cidr, cidrContains, cidrOf, parseCidr } from "../../ip/cidr.ts";
import { coveringIndex } from "../../ip/search.ts";
import {
  type Route,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  sameBytes,
} from "../../native/index.ts";
import { inFamily } from "../mesh/networks.ts";
import type { RemoteRoute } from "../mesh/state.ts";
import { ownsRoute } from "../owned.ts";
import { companionsOf, type LinkedNode } from "./linked.ts";
import { canLead, type Egress, routeBy, routeTo } from "./next-hop.ts";
import { type DesiredState, NOTHING } from "./state.ts";

/** What the node knows of its own routing, and of its charon. */
export interface RoutingFacts {
  /** The main table. */
  readonly routes: readonly Route[];
  /** Undefined where the address cannot be reached. */
  readonly nextHop: (address: Uint8Array) => Egress | undefined;
  /** Sysctls of devices that listen to IPv6 router advertisements, and stop when they forward. */
  readonly advertised: () => readonly string[];
  /** Whom charon serves on for a while. */
  readonly charonReqids?: ReadonlySet<number>;
}

/** Worse than any metric that a program gives a real route. */
const FALLBACK_METRIC = 0x7fffffff;

/** What the node's kernel should hold of ours besides IPsec. Pure, but for what `facts` looks up. */
export function desiredState(
  node: LinkedNode | undefined,
  facts: RoutingFacts,
): Omit<DesiredState, "associations" | "policies"> {
  if (node === undefined) return NOTHING;
  const { routes, exemptions } = node.mesh;
  const families = new Set(exemptions.map(({ remote }) => remote.family));
  const foreign = facts.routes.filter((route) => !ownsRoute(route));
  const leading = foreign.filter(({ type }) => type === RTN_UNICAST);
  const isCovered = coverage(foreign);
  return {
    ikeReqids: new Set(reqidsOfCharon(node, facts)),
    nearReqids: new Set(companionsOf(node).map(({ reqid }) => reqid)),
    routes: [
      ...vacantCidrs(node, leading).map(fallbackRoute),
      ...routes
        .filter((remote) => !isCovered(remote))
        .flatMap((remote) => neededRoute(remote, facts)),
    ],
    sysctls: forwarding(families, facts),
  };
}

/** Those of tunnels by IKE, and of peers that were until now. */
function reqidsOfCharon(
  { mesh }: LinkedNode,
  { charonReqids }: RoutingFacts,
): number[] {
  return [
    ...mesh.ike.map(({ reqid }) => reqid),
    ...mesh.peers
      .map(({ reqid }) => reqid)
      .filter((reqid) => charonReqids?.has(reqid)),
  ];
}

/**
 * The kernel looks a route up before it looks at policies, so a remote CIDR that no route covers
 * needs one, wherever it leads; the tunnel then has its own.
 */
function neededRoute(remote: RemoteRoute, facts: RoutingFacts): Route[] {
  const hop = facts.nextHop(remote.via);
  if (hop === undefined) return [];
  const { destination, kind } = remote;
  const { gateway: router = onLinkGateway(remote), outputInterface } = hop;
  if (router !== undefined && canLead(router, destination))
    return [routeBy(destination, { outputInterface, gateway: router })];
  // By the device alone: all that a tunnel needs, and no way to a plain network, whose hosts are not on the link.
  return kind === "peer" ? [routeBy(destination, { outputInterface })] : [];
}

/** A neighbour is itself the next hop, if it speaks the route's family. */
function onLinkGateway({
  via,
  destination,
}: RemoteRoute): Uint8Array | undefined {
  return via.length === destination.bytes.length ? via : undefined;
}

/**
 * This node's own pod CIDRs, as its file has them, where only the pods' host routes lead to them: what comes in for a pod
 * that has gone would follow the default route, decrypted. Where a wider route, such as a bridge's, leads there, that decides.
 */
function vacantCidrs(
  { self, mesh }: LinkedNode,
  foreign: readonly Route[],
): Cidr[] {
  if (!mesh.exemptions.some(({ encrypted }) => encrypted)) return [];
  const own = (self.node.podCIDRs ?? []).map(parseCidr);
  return inFamily(self.source.cluster, own).filter(
    (cidr) =>
      !foreign.some(
        (route) => !isDefault(route) && cidrContains(networkOf(route), cidr),
      ),
  );
}

/** Keeps packets from following the default route in clear text when a better route is lost. */
function fallbackRoute(destination: Cidr): Route {
  return {
    ...routeTo(destination, RTN_UNREACHABLE),
    priority: FALLBACK_METRIC,
  };
}

/**
 * Whether others' routes are way enough: the narrowest that has all of the network decides, as the kernel has it. One that
 * throws packets away gives way to a narrower one of ours. To a plain network a default route is the way only where it leads
 * by the router that the file names.
 */
function coverage(foreign: readonly Route[]): (to: RemoteRoute) => boolean {
  const routes = foreign
    .map((route) => ({ route, network: networkOf(route) }))
    .sort((a, b) => (b.route.priority ?? 0) - (a.route.priority ?? 0));
  const covering = coveringIndex(routes, ({ network }) => network);
  return ({ destination, kind, via }) => {
    const best = covering(destination).at(-1)?.route;
    if (best === undefined) return false;
    if (best.type !== RTN_UNICAST)
      return kind === "peer" && best.destination.length === destination.prefix;
    return kind === "peer" || !isDefault(best) || isBy(best, via);
  };
}

function networkOf({ destination }: Route): Cidr {
  return cidrOf(destination.address, destination.length);
}

function isDefault({ destination }: Route): boolean {
  return destination.length === 0;
}

function isBy({ gateway }: Route, router: Uint8Array): boolean {
  return gateway !== undefined && sameBytes(gateway, router);
}

/** An IPv6 node that forwards ignores router advertisements, and loses its default route, unless accept_ra is 2. */
function forwarding(
  families: ReadonlySet<4 | 6>,
  facts: RoutingFacts,
): Map<string, string> {
  const sysctls = new Map<string, string>();
  if (families.has(4)) sysctls.set("net/ipv4/ip_forward", "1");
  if (families.has(6)) {
    for (const path of facts.advertised()) sysctls.set(path, "2");
    sysctls.set("net/ipv6/conf/all/forwarding", "1");
  }
  return sysctls;
}
