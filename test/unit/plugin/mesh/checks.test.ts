import { describe, expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import { cidrs, cluster, meshAt, node } from "../../../support/mesh/mesh.ts";

function refusal(
  clusters: readonly ClusterSource[],
  place: string,
  local: readonly string[] = ["10.1.0.0/24"],
): CniError {
  try {
    meshAt(clusters, place, { localCidrs: cidrs(local) });
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("it accepted the mesh");
}

const a = cluster("a", {
  nodes: [
    node("a1", "192.168.0.1", { podCIDRs: ["10.1.0.0/24"] }),
    node("a2", "192.168.0.2", { podCIDRs: [] }),
  ],
});

describe("checkMesh()", () => {
  it("refuses a peer at this node's own address", () => {
    const error = refusal(
      [
        a,
        cluster("b", {
          nodes: [node("b1", "192.168.0.1", { podCIDRs: ["10.2.0.0/24"] })],
        }),
      ],
      "a/a1",
    );
    expect(error).toMatchObject({
      code: 7,
      message:
        'Cannot link node "b1" of cluster "b": its address "192.168.0.1" is this node\'s own',
    });
    expect(error.details).toContain("give both nodes an elasticIP");
  });

  it("refuses two peers at one address, and names both files", () => {
    const twins = ["b", "c"].map((name, i) =>
      cluster(name, {
        nodes: [
          node(`${name}1`, "192.168.7.7", {
            podCIDRs: [`10.${String(i + 2)}.0.0/24`],
          }),
        ],
      }),
    );
    const error = refusal([a, ...twins], "a/a1");
    expect(error).toMatchObject({
      code: 7,
      message:
        'Cannot link node "b1" of cluster "b" and node "c1" of cluster "c": both are reached at "192.168.7.7"',
    });
    expect(error.details).toContain(
      "/etc/crosslink/clusters.d/b.json and /etc/crosslink/clusters.d/c.json",
    );
  });

  it("lets peers share private addresses behind elastic ones", () => {
    const at = (name: string, i: number) =>
      cluster(name, {
        nodes: [
          node(`${name}1`, "172.17.0.2", {
            elasticIP: `203.0.113.${String(i)}`,
            podCIDRs: [`10.${String(i)}.0.0/24`],
          }),
        ],
      });
    expect(
      meshAt([at("a", 1), at("b", 2), at("c", 3)], "a/a1").peers,
    ).toHaveLength(2);
  });

  it("refuses a remote CIDR that overlaps the pods found on this node", () => {
    const error = refusal(
      [
        a,
        cluster("b", {
          nodes: [node("b1", "192.168.1.1", { podCIDRs: ["10.2.0.0/24"] })],
        }),
      ],
      "a/a1",
      ["10.2.0.0/16"],
    );
    expect(error).toMatchObject({
      code: 7,
      message:
        'Cannot link cluster "b": its "10.2.0.0/24" overlaps "10.2.0.0/16" of this node\'s pods',
    });
    expect(error.details).toContain(
      "/etc/crosslink/clusters.d/b.json and /etc/crosslink/clusters.d/a.json",
    );
  });

  it("refuses a remote CIDR that holds the address of a tunnel's far end", () => {
    const b = cluster("b", {
      podCIDRs: ["203.0.113.0/24"],
      nodes: [
        node("b1", "192.168.1.1", {
          elasticIP: "203.0.113.9",
          podCIDRs: ["203.0.113.0/25"],
        }),
      ],
    });
    const own = cluster("a", {
      nodes: [
        node("a1", "192.168.0.1", {
          elasticIP: "198.51.100.1",
          podCIDRs: ["10.1.0.0/24"],
        }),
      ],
    });
    const error = refusal([own, b], "a/a1");
    expect(error).toMatchObject({
      code: 7,
      message:
        'Cannot link cluster "b": its "203.0.113.0/24" holds "203.0.113.9", the address of node "b1" of cluster "b"',
    });
    // Its private address may well be among its own pods': nothing here is sent to it.
    const vpc = cluster("b", {
      podCIDRs: ["192.168.1.0/24"],
      nodes: [
        node("b1", "192.168.1.1", {
          elasticIP: "203.0.113.9",
          podCIDRs: ["192.168.1.128/25"],
        }),
      ],
    });
    expect(meshAt([own, vpc], "a/a1").peers).toHaveLength(1);
  });

  it("refuses a remote CIDR that holds an address of this node's cluster, on a leaf too", () => {
    const b = cluster("b", {
      nodes: [node("b1", "172.17.0.1", { podCIDRs: ["192.168.0.2/32"] })],
    });
    expect(refusal([a, b], "a/a1")).toMatchObject({
      code: 7,
      message:
        'Cannot link cluster "b": its "192.168.0.2/32" holds "192.168.0.2", the address of node "a2" of this node\'s own cluster',
    });
    const leaf = cluster("a", {
      mode: "gateway",
      podCIDRs: ["10.1.0.0/16"],
      nodes: [
        node("a1", "192.168.0.1"),
        node("a2", "192.168.0.2", { gateway: true }),
      ],
    });
    expect(refusal([leaf, b], "a/a1")).toMatchObject({ code: 7 });
  });
});
