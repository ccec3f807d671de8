import { describe, expect, it } from "vitest";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import {
  activeGateway,
  carriesServices,
  type Member,
  membersOf,
  outerAddresses,
} from "../../../../plugin/mesh/members.ts";
import { meshMemory } from "../../../../plugin/mesh/memory.ts";
import { networksOf } from "../../../../plugin/mesh/networks.ts";
import { cidrs, cluster, node, using } from "../../../support/mesh/mesh.ts";

function members(source: ClusterSource): string[] {
  return membersOf(source, networksOf(source)).map(summary);
}

function summary(member: Member): string {
  const list = (what: Member["pods"]): string =>
    what.map(({ text }) => text).join(" ");
  return `${member.node.name}: ${list(member.pods)}; ${list(member.services)}; ${list(member.backends)}`;
}

describe("membersOf() in p2p mode", () => {
  it("gives each node its own pods, and the first gateway the services", () => {
    const source = cluster("a", {
      serviceCIDRs: ["10.96.0.0/16"],
      nodes: [
        node("a1", "192.168.0.1", { podCIDRs: ["10.0.1.0/24"] }),
        node("a2", "192.168.0.2", { podCIDRs: ["10.0.2.0/24"], gateway: true }),
        node("a3", "192.168.0.3", { podCIDRs: [], gateway: true }),
      ],
    });
    expect(members(source)).toEqual([
      "a1: 10.0.1.0/24; ; ",
      "a2: 10.0.2.0/24; 10.96.0.0/16; 10.0.1.0/24 10.0.2.0/24",
      "a3: ; ; ",
    ]);
    expect(members(using(source, "a3"))[2]).toBe(
      "a3: ; 10.96.0.0/16; 10.0.1.0/24 10.0.2.0/24",
    );
  });

  it("gives the services to the first node where none is a gateway", () => {
    const nodes = [
      node("a1", "192.168.0.1", { podCIDRs: ["10.0.1.0/24"] }),
      node("a2", "192.168.0.2", { podCIDRs: [] }),
    ];
    expect(
      members(cluster("a", { serviceCIDRs: ["10.96.0.0/16"], nodes }))[0],
    ).toBe("a1: 10.0.1.0/24; 10.96.0.0/16; 10.0.1.0/24");
  });

  it("gives a cluster's only node the cluster's pods where it names none", () => {
    expect(
      members(
        cluster("a", {
          podCIDRs: ["10.0.0.0/16"],
          nodes: [node("a1", "192.168.0.1")],
        }),
      ),
    ).toEqual(["a1: 10.0.0.0/16; ; "]);
  });

  it("refuses a node whose pods cannot be told from another's", () => {
    const nodes = [
      node("a1", "192.168.0.1", { podCIDRs: ["10.0.1.0/24"] }),
      node("a2", "192.168.0.2"),
    ];
    expect(() =>
      members(cluster("a", { podCIDRs: ["10.0.0.0/16"], nodes })),
    ).toThrow(
      expect.objectContaining({
        code: 7,
        message: 'Cannot tell which pods of cluster "a" are on node "a2"',
        details: expect.stringContaining(
          "/etc/crosslink/clusters.d/a.json gives the node no podCIDRs",
        ),
      }),
    );
    expect(() =>
      members(cluster("a", { nodes: [node("a1", "192.168.0.1")] })),
    ).toThrow(expect.objectContaining({ code: 7 }));
  });
});

describe("membersOf() in gateway mode", () => {
  const source = cluster("a", {
    mode: "gateway",
    podCIDRs: ["10.0.0.0/16"],
    serviceCIDRs: ["10.96.0.0/16"],
    nodes: [
      node("a1", "192.168.0.1"),
      node("a2", "192.168.0.2", { gateway: true }),
      node("a3", "192.168.0.3", { gateway: true }),
    ],
  });

  it("gives the first gateway the whole cluster", () => {
    expect(members(source)).toEqual([
      "a2: 10.0.0.0/16; 10.96.0.0/16; 10.0.0.0/16",
    ]);
  });

  it("takes the one that the file calls active, and the first where it calls several or none", () => {
    const [leaf, first, second] = source.cluster.nodes;
    const called = (...active: ("first" | "second")[]) => ({
      ...source,
      cluster: {
        ...source.cluster,
        nodes: [
          leaf!,
          { ...first!, active: active.includes("first") },
          { ...second!, active: active.includes("second") },
        ],
      },
    });
    expect(members(called("second"))[0]).toMatch(/^a3:/u);
    expect(members(called("first", "second"))[0]).toMatch(/^a2:/u);
    expect(members(called())[0]).toMatch(/^a2:/u);
  });

  it("refuses a cluster without a gateway", () => {
    const none = cluster("a", {
      mode: "gateway",
      nodes: [node("a1", "192.168.0.1")],
    });
    expect(() => activeGateway(none)).toThrow(
      expect.objectContaining({
        code: 7,
        details: expect.stringContaining(
          'Set "gateway": true at one of the nodes',
        ),
      }),
    );
  });
});

describe("a node as a member of its own cluster", () => {
  const nodes = [
    node("a1", "192.168.0.1", { podCIDRs: ["10.0.1.0/24"] }),
    node("a2", "192.168.0.2"),
  ];

  it("carries what the node found, in the families of the cluster", () => {
    const source = cluster("a", {
      ipFamily: "ipv4",
      serviceCIDRs: ["10.96.0.0/16"],
      podCIDRs: ["10.0.0.0/16"],
      nodes,
    });
    const own = (at: number) =>
      meshMemory().ownMember(source, nodes[at]!, {
        pods: cidrs(["10.0.7.0/26", "fd00::/64"]),
        ...(carriesServices(source, nodes[at]!)
          ? { networks: networksOf(source) }
          : {}),
      });
    expect(summary(own(0))).toBe("a1: 10.0.7.0/26; 10.96.0.0/16; 10.0.0.0/16");
    expect(summary(own(1))).toBe("a2: 10.0.7.0/26; ; ");
  });
});

describe("outerAddresses()", () => {
  it("takes the first address of each family, with the elastic one of that family", () => {
    const outer = outerAddresses(
      node("a1", ["fd00::1", "192.168.0.1", "192.168.0.9", "fd00::9"], {
        elasticIP: "203.0.113.1",
      }),
    );
    expect(outer.get(4)).toMatchObject({
      address: { text: "192.168.0.1" },
      elastic: { text: "203.0.113.1" },
    });
    expect(outer.get(6)).toEqual({
      address: expect.objectContaining({ text: "fd00::1" }),
    });
  });

  it("leaves an elastic address without a private one of its family alone", () => {
    expect([
      ...outerAddresses(
        node("a1", "fd00::1", { elasticIP: "203.0.113.1" }),
      ).keys(),
    ]).toEqual([6]);
  });
});
