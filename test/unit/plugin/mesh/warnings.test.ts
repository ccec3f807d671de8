import { expect, it } from "vitest";
import {
  cidrs,
  cluster,
  meshAt,
  node,
  staticKeyring,
} from "../../../support/mesh/mesh.ts";

const a = cluster("a", {
  podCIDRs: ["10.1.0.0/16"],
  nodes: [node("a1", "192.168.0.1")],
});
const b = cluster("b", {
  nodes: [node("b1", "192.168.1.1", { podCIDRs: ["10.2.0.0/24"] })],
});
const c = cluster("c", {
  nodes: [node("c1", "192.168.2.1", { podCIDRs: ["10.3.0.0/24"] })],
});

it("warns of pods that the files don't know", () => {
  const own = { localCidrs: cidrs(["10.1.7.0/24", "10.9.0.0/26"]) };
  expect(meshAt([a, b], "a/a1", own).warnings).toEqual([
    'Pods in 10.9.0.0/26 cannot be reached from other clusters: add it to the podCIDRs of node "a1" in /etc/crosslink/clusters.d/a.json',
  ]);
});

it("takes a gateway's whole cluster for known, whatever its own node's part", () => {
  const gate = node("g1", "192.168.0.1", {
    gateway: true,
    podCIDRs: ["10.1.0.0/24"],
  });
  const podCIDRs = ["10.1.0.0/16"];
  const own = cluster("g", { mode: "gateway", podCIDRs, nodes: [gate] });
  expect(meshAt([own, b], "g/g1").warnings).toEqual([]);
  const localCidrs = cidrs(["10.9.0.0/24"]);
  const leaf = node("l1", "192.168.0.2", { podCIDRs: ["10.9.0.0/24"] });
  const both = cluster("g", { mode: "gateway", podCIDRs, nodes: [gate, leaf] });
  expect(meshAt([both, b], "g/l1", { localCidrs }).warnings).toHaveLength(1);
});

it("warns of a peer without a common address family", () => {
  const six = cluster("six", {
    nodes: [node("s1", "fd99::1", { podCIDRs: ["10.4.0.0/24"] })],
  });
  const mesh = meshAt([a, b, six], "a/a1", {
    localCidrs: cidrs(["10.1.0.0/24"]),
  });
  expect(mesh.warnings).toEqual([
    'No tunnel to node "s1" of cluster "six": it and this node have no addresses of one family; give one of them another in "ips"',
  ]);
  expect(mesh.peers.map(({ cluster: name }) => name)).toEqual(["b"]);
});

it("warns of one static key for several peers", () => {
  const own = { localCidrs: cidrs(["10.1.0.0/24"]), keyring: staticKeyring };
  expect(meshAt([a, b, c], "a/a1", own).warnings).toEqual([
    expect.stringMatching(/^All 2 peers share the keyring's one static key/u),
  ]);
  expect(meshAt([a, b], "a/a1", own).warnings).toEqual([]);
});

it("warns of a tie between SPIs, where it concerns this node's peers", () => {
  // Found by search: see spi.test.ts.
  const c1 = cluster("c1", {
    nodes: [node("n1318", "10.0.5.38", { podCIDRs: ["172.16.2.0/24"] })],
  });
  const c2 = cluster("c2", {
    nodes: [node("n659", "10.0.2.147", { podCIDRs: ["172.16.5.0/24"] })],
  });
  const own = { localCidrs: cidrs(["10.1.0.0/24"]) };
  const mesh = meshAt([a, c1, c2], "a/a1", own);
  expect(mesh.warnings).toEqual([
    expect.stringMatching(
      /^Nodes "c1\/n1318" and "c2\/n659" tie for an SPI, and the latter took its next choice/u,
    ),
  ]);
  expect(
    new Set(
      mesh.associations.map(
        ({ spi, destination }) => `${String(spi)} ${destination.join(".")}`,
      ),
    ).size,
  ).toBe(6);
  const behind = cluster("c2", {
    ...c2.cluster,
    mode: "gateway",
    podCIDRs: ["172.16.0.0/16"],
    nodes: [...c2.cluster.nodes, node("g", "10.0.19.1", { gateway: true })],
  });
  expect(meshAt([a, c1, behind], "a/a1", own).warnings).toEqual([]);
});
