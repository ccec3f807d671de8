import { describe, expect, it } from "vitest";
import {
  routerRoutes,
  type StaticRoute,
} from "../../../../plugin/mesh/routes.ts";
import { cluster, node, using } from "../../../support/mesh/mesh.ts";

const office = cluster("office", {
  encryption: "none",
  podCIDRs: ["192.168.10.0/24"],
});
const p2p = cluster("p2p", {
  podCIDRs: ["10.244.0.0/16"],
  globalCIDRs: { "10.244.0.0/16": "100.80.0.0/16" },
  serviceCIDRs: ["10.96.0.0/16"],
  nodes: [
    node("n1", ["172.16.0.1", "fd99::1"], {
      elasticIP: "203.0.113.1",
      podCIDRs: ["10.244.1.0/24"],
    }),
    node("n2", "172.16.0.2", {
      gateway: true,
      podCIDRs: ["10.244.2.0/24", "fd00::/64"],
    }),
  ],
});
const gated = cluster("gated", {
  mode: "gateway",
  podCIDRs: ["10.2.0.0/16"],
  nodes: [
    node("leaf", "172.17.0.1"),
    node("g1", "172.17.0.2", { gateway: true }),
    node("g2", "172.17.0.3", { gateway: true }),
  ],
});

function summary(routes: readonly StaticRoute[]): string[] {
  return routes.map(
    ({ destination, via, cluster: name, node: through }) =>
      `${destination.text} via ${via?.text ?? "nothing"} ${name}/${through}`,
  );
}

describe("routerRoutes()", () => {
  it("leads to each p2p node's pods, to services, and to gateways, at private addresses", () => {
    expect(
      summary(routerRoutes([gated, office, p2p], { network: "office" })),
    ).toEqual([
      "10.2.0.0/16 via 172.17.0.2 gated/g1",
      "10.96.0.0/16 via 172.16.0.2 p2p/n2",
      "100.80.1.0/24 via 172.16.0.1 p2p/n1",
      "100.80.2.0/24 via 172.16.0.2 p2p/n2",
      "fd00::/64 via nothing p2p/n2",
    ]);
  });

  it("leads to one cluster where asked, through the gateway in use", () => {
    expect(
      summary(
        routerRoutes([using(gated, "g2"), office, p2p], {
          network: "office",
          cluster: "gated",
        }),
      ),
    ).toEqual(["10.2.0.0/16 via 172.17.0.3 gated/g2"]);
  });

  it("leads to a cluster of unknown shares through one node", () => {
    const flat = cluster("flat", {
      podCIDRs: ["10.3.0.0/16"],
      serviceCIDRs: ["10.97.0.0/16"],
      nodes: [
        node("f1", "172.18.0.1", { podCIDRs: ["10.3.1.0/24"] }),
        node("f2", "172.18.0.2"),
      ],
    });
    expect(summary(routerRoutes([flat]))).toEqual([
      "10.3.0.0/16 via 172.18.0.1 flat/f1",
      "10.97.0.0/16 via 172.18.0.1 flat/f1",
    ]);
  });

  it("leads nowhere from a network alone, and not to networks without nodes", () => {
    expect(routerRoutes([office], { network: "office" })).toEqual([]);
    expect(routerRoutes([office])).toEqual([]);
  });

  it("refuses a name that no file has", () => {
    expect(() => routerRoutes([office, gated], { network: "offices" })).toThrow(
      expect.objectContaining({
        code: 7,
        message:
          'Cannot print routes for "offices": no cluster file has that name',
        details:
          'the cluster files hold "office", "gated": name one of these, as in `crosslink routes office`',
      }),
    );
    expect(() => routerRoutes([], { cluster: "x" })).toThrow(
      "no cluster file has that name",
    );
  });
});
