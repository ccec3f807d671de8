import { expect, it } from "vitest";
import type { Cidr } from "../../../../ip/cidr.ts";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import { formatAddress, formatPrefix } from "../../../../native/address.ts";
import type { Route } from "../../../../native/route/route.ts";
import {
  desiredState,
  type RoutingFacts,
} from "../../../../plugin/node/desired.ts";
import type { LinkedNode } from "../../../../plugin/node/linked.ts";
import {
  cidrs,
  cluster,
  meshAt,
  node,
  selfAt,
} from "../../../support/mesh/mesh.ts";

/** RTN_UNICAST and RTN_UNREACHABLE: include/uapi/linux/rtnetlink.h. */
const UNICAST = 1;
const UNREACHABLE = 7;

const own = { podCIDRs: ["10.1.0.0/24", "fd01::/64"] };
const far = { podCIDRs: ["10.2.0.0/24", "fd02::/64"] };

/** The routes of a node at `ip` toward a peer at `peerIp`, behind a router, or without one on the same link. */
function routes(ip: string, peerIp: string, gateway?: Uint8Array): string[] {
  const clusters = [
    cluster("a", { nodes: [node("a1", ip, own)] }),
    cluster("b", { nodes: [node("b1", peerIp, far)] }),
  ];
  const hop = { outputInterface: 2, ...(gateway && { gateway }) };
  return routesOf(clusters, { nextHop: () => hop });
}

function routesOf(
  clusters: ClusterSource[],
  known: Partial<RoutingFacts>,
  kind: number = UNICAST,
): string[] {
  const linked: LinkedNode = {
    clusters,
    self: selfAt(clusters, "a/a1"),
    localCidrs: [],
    mesh: meshAt(clusters, "a/a1"),
  };
  const facts: RoutingFacts = {
    routes: [],
    nextHop: () => undefined,
    advertised: () => [],
    ...known,
  };
  return desiredState(linked, facts)
    .routes.filter(({ type }) => type === kind)
    .map(({ destination, gateway }) => {
      const via = gateway ? ` via ${formatAddress(gateway)}` : "";
      return formatPrefix(destination) + via;
    });
}

/** Another program's. */
function routeBy({ bytes, prefix }: Cidr): Route {
  return {
    destination: { address: bytes, length: prefix },
    table: 254,
    protocol: 3,
    scope: 0,
    type: UNICAST,
  };
}

it("leads IPv6 by the device where the tunnel's way has an IPv4 router", () => {
  const router = Uint8Array.of(172, 17, 0, 1);
  expect(routes("172.17.0.2", "172.18.0.2", router)).toEqual([
    "10.2.0.0/24 via 172.17.0.1",
    "fd02::/64",
  ]);
});

it("leads IPv4 by an IPv6 router", () => {
  const router = Uint8Array.of(0xfd, ...new Uint8Array(14), 1);
  expect(routes("fd17::2", "fd18::2", router)).toEqual([
    "10.2.0.0/24 via fd00::1",
    "fd02::/64 via fd00::1",
  ]);
});

it("takes a neighbour for the next hop of its own family alone", () => {
  expect(routes("172.17.0.2", "172.17.0.3")).toEqual([
    "10.2.0.0/24 via 172.17.0.3",
    "fd02::/64",
  ]);
});

it("leads to a plain network by the router that its file names, whatever the default route", () => {
  const office = cluster("office", {
    encryption: "none",
    podCIDRs: ["192.168.10.0/24"],
    nodes: [node("router", "172.17.0.254")],
  });
  const clusters = [cluster("a", { nodes: [node("a1", "172.17.0.2", own)] })];
  const routesBeside = (...texts: string[]) =>
    routesOf([...clusters, office], {
      nextHop: () => ({ outputInterface: 2 }),
      routes: cidrs(texts).map(routeBy),
    });
  const wanted = ["192.168.10.0/24 via 172.17.0.254"];
  expect(routesBeside("0.0.0.0/0")).toEqual(wanted);
  expect(routesBeside("0.0.0.0/0", "192.168.0.0/16")).toEqual([]);
  const byRouter = cidrs(["0.0.0.0/0"]).map((cidr) => ({
    ...routeBy(cidr),
    gateway: Uint8Array.of(172, 17, 0, 254),
  }));
  const facts = { nextHop: () => ({ outputInterface: 2 }), routes: byRouter };
  expect(routesOf([...clusters, office], facts)).toEqual([]);
});

it("is content with a default route toward a peer", () => {
  const clusters = [
    cluster("a", { nodes: [node("a1", "172.17.0.2", own)] }),
    cluster("b", { nodes: [node("b1", "172.18.0.2", far)] }),
  ];
  const routes = cidrs(["0.0.0.0/0", "::/0"]).map(routeBy);
  expect(routesOf(clusters, { routes })).toEqual([]);
});

it("stops what comes for pods that are not there, where nothing but a default route leads to them", () => {
  const clusters = [
    cluster("a", { nodes: [node("a1", "172.17.0.2", own)] }),
    cluster("b", { nodes: [node("b1", "172.18.0.2", far)] }),
  ];
  const stopped = (...texts: string[]) =>
    routesOf(clusters, { routes: cidrs(texts).map(routeBy) }, UNREACHABLE);
  const defaults = ["0.0.0.0/0", "::/0"];
  expect(stopped(...defaults, "10.1.0.7/32")).toEqual(own.podCIDRs);
  // A bridge's connected route, even one that is wider.
  expect(stopped(...defaults, "10.1.0.0/16")).toEqual(["fd01::/64"]);
  expect(stopped("10.1.0.0/24", "fd01::/64")).toEqual([]);
});

it("stops nothing where nobody encrypts", () => {
  const plain = { encryption: "none" as const, podCIDRs: ["10.2.0.0/24"] };
  const clusters = [
    cluster("a", { nodes: [node("a1", "172.17.0.2", own)] }),
    cluster("b", { ...plain, nodes: [node("b1", "172.18.0.2")] }),
  ];
  expect(routesOf(clusters, {}, UNREACHABLE)).toEqual([]);
});
