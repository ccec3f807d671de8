import { expect, it } from "vitest";
import { formatAddress, formatPrefix } from "../../../../native/address.ts";
import {
  desiredState,
  type RoutingFacts,
} from "../../../../plugin/node/desired.ts";
import type { LinkedNode } from "../../../../plugin/node/linked.ts";
import { cluster, meshAt, node, selfAt } from "../../../support/mesh.ts";

const own = { podCIDRs: ["10.1.0.0/24", "fd01::/64"] };
const far = { podCIDRs: ["10.2.0.0/24", "fd02::/64"] };

/** The routes of a node at `ip` toward a peer at `peerIp`, behind a router, or without one on the same link. */
function routes(ip: string, peerIp: string, router?: Uint8Array): string[] {
  const clusters = [
    cluster("a", { nodes: [node("a1", ip, own)] }),
    cluster("b", { nodes: [node("b1", peerIp, far)] }),
  ];
  const linked: LinkedNode = {
    clusters,
    self: selfAt(clusters, "a/a1"),
    localCidrs: [],
    mesh: meshAt(clusters, "a/a1"),
  };
  const facts: RoutingFacts = {
    routes: [],
    nextHop: () => ({ outputInterface: 2, ...(router && { gateway: router }) }),
    advertised: () => [],
  };
  return desiredState(linked, facts).routes.map(({ destination, gateway }) => {
    const via = gateway ? ` via ${formatAddress(gateway)}` : "";
    return formatPrefix(destination) + via;
  });
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
