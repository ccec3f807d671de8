import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../native/address.ts";
import {
  associationText,
  cidrs,
  cluster,
  keyring,
  meshAt,
  node,
  policyText,
  staticKeyring,
} from "../../../support/mesh/mesh.ts";

const article = [
  cluster("cluster1", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [
      node("node1", "172.17.0.2", {
        elasticIP: "124.221.146.81",
        podCIDRs: ["10.0.0.0/24"],
      }),
    ],
  }),
  cluster("cluster2", {
    podCIDRs: ["10.0.1.0/24"],
    nodes: [
      node("node2", "172.17.0.7", {
        elasticIP: "124.220.14.201",
        podCIDRs: ["10.0.1.0/24"],
      }),
    ],
  }),
];

describe("desiredMesh() with the article's two nodes and its static key", () => {
  const key = "0x7482b075e3ec7e11a20e1edc1e9a7a459ada760c";

  it("gives node1 the article's SAs", () => {
    const { associations } = meshAt(article, "cluster1/node1", {
      keyring: staticKeyring,
    });
    expect(associations.map(associationText)).toEqual([
      `src 172.17.0.2 dst 124.220.14.201 proto esp spi 186 reqid 186 mode tunnel aead rfc4106(gcm(aes)) ${key} 128`,
      `src 124.220.14.201 dst 172.17.0.2 proto esp spi 186 reqid 186 mode tunnel flag icmp aead rfc4106(gcm(aes)) ${key} 128`,
    ]);
    expect(
      associations.every(
        (sa) => sa.replayWindow === 0 && sa.encapsulation === undefined,
      ),
    ).toBe(true);
  });

  it("gives node1 the article's policies", () => {
    const { policies } = meshAt(article, "cluster1/node1", {
      keyring: staticKeyring,
    });
    expect(policies.map(policyText)).toEqual([
      "src 10.0.0.0/24 dst 10.0.1.0/24 dir out priority 17200 flag icmp tmpl src 172.17.0.2 dst 124.220.14.201 proto esp reqid 186 mode tunnel",
      "src 10.0.1.0/24 dst 10.0.0.0/24 dir in priority 17200 flag icmp tmpl src 124.220.14.201 dst 172.17.0.2 proto esp reqid 186 mode tunnel",
      "src 10.0.1.0/24 dst 10.0.0.0/24 dir fwd priority 17200 flag icmp tmpl src 124.220.14.201 dst 172.17.0.2 proto esp reqid 186 mode tunnel",
    ]);
  });

  it("gives node2 the article's SAs and policies", () => {
    const mesh = meshAt(article, "cluster2/node2", { keyring: staticKeyring });
    expect(mesh.associations.map(associationText)).toEqual([
      `src 172.17.0.7 dst 124.221.146.81 proto esp spi 186 reqid 186 mode tunnel aead rfc4106(gcm(aes)) ${key} 128`,
      `src 124.221.146.81 dst 172.17.0.7 proto esp spi 186 reqid 186 mode tunnel flag icmp aead rfc4106(gcm(aes)) ${key} 128`,
    ]);
    expect(mesh.policies.map(policyText)).toEqual([
      "src 10.0.1.0/24 dst 10.0.0.0/24 dir out priority 17200 flag icmp tmpl src 172.17.0.7 dst 124.221.146.81 proto esp reqid 186 mode tunnel",
      "src 10.0.0.0/24 dst 10.0.1.0/24 dir in priority 17200 flag icmp tmpl src 124.221.146.81 dst 172.17.0.7 proto esp reqid 186 mode tunnel",
      "src 10.0.0.0/24 dst 10.0.1.0/24 dir fwd priority 17200 flag icmp tmpl src 124.221.146.81 dst 172.17.0.7 proto esp reqid 186 mode tunnel",
    ]);
  });

  it("exempts and routes the remote CIDR, and names the peer", () => {
    const mesh = meshAt(article, "cluster1/node1", { keyring: staticKeyring });
    expect(
      mesh.exemptions.map(({ local, remote, encrypted }) => [
        local.text,
        remote.text,
        encrypted,
      ]),
    ).toEqual([["10.0.0.0/24", "10.0.1.0/24", true]]);
    expect(
      mesh.routes.map(({ destination, via, cluster: name, kind }) => [
        destination.text,
        formatAddress(via),
        name,
        kind,
      ]),
    ).toEqual([["10.0.1.0/24", "124.220.14.201", "cluster2", "peer"]]);
    expect(mesh.peers).toMatchObject([
      {
        cluster: "cluster2",
        node: "node2",
        reqid: 186,
        spisOut: [186],
        accepted: [{ spis: [186] }],
      },
    ]);
    expect(mesh).toMatchObject({
      role: "tunnel",
      needsKeyring: true,
      warnings: [],
      globalMappings: [],
      wrappingsBeyond: [],
    });
  });
});

describe("desiredMesh()", () => {
  it("uses private addresses where only one node has an elastic one", () => {
    const clusters = [
      cluster("a", {
        nodes: [
          node("a1", "192.168.1.1", {
            elasticIP: "203.0.113.1",
            podCIDRs: ["10.0.0.0/24"],
          }),
        ],
      }),
      cluster("b", {
        nodes: [node("b1", "192.168.2.1", { podCIDRs: ["10.0.1.0/24"] })],
      }),
    ];
    expect(
      meshAt(clusters, "a/a1").peers.map(({ local, remote }) => [
        formatAddress(local),
        formatAddress(remote),
      ]),
    ).toEqual([["192.168.1.1", "192.168.2.1"]]);
    expect(
      meshAt(clusters, "b/b1").peers.map(({ local, remote }) => [
        formatAddress(local),
        formatAddress(remote),
      ]),
    ).toEqual([["192.168.2.1", "192.168.1.1"]]);
  });

  it("says that a keyring is needed, and lets nothing pass without one", () => {
    const { keyring: _, ...rest } = {
      keyring: undefined,
      localCidrs: cidrs(["10.0.0.0/24"]),
    };
    const mesh = meshAt(article, "cluster1/node1", {
      ...rest,
      keyring: undefined as never,
    });
    expect(mesh.needsKeyring).toBe(true);
    expect(mesh.associations).toEqual([]);
    expect(mesh.policies).toEqual([]);
  });

  it("accepts every key inbound and sends with the active one", () => {
    const { associations, peers } = meshAt(article, "cluster1/node1", {
      keyring: keyring(2, [1, 2, 9]),
    });
    const [peer] = peers;
    expect(
      associations
        .filter(({ source }) => formatAddress(source) === "172.17.0.2")
        .map(({ spi }) => spi % 256),
    ).toEqual([2]);
    expect(
      associations
        .filter(
          ({ destination }) => formatAddress(destination) === "172.17.0.2",
        )
        .map(({ spi }) => spi % 256),
    ).toEqual([1, 2, 9, 1, 2, 9]);
    expect(peer).toMatchObject({ keyId: 2 });
    expect(peer!.accepted.map(({ keyId }) => keyId)).toEqual([2, 1, 9]);
  });

  it("holds 1,000 nodes in 20 clusters", () => {
    const clusters = Array.from({ length: 20 }, (_, i) =>
      cluster(`cluster${String(i)}`, {
        podCIDRs: [`10.${String(i)}.0.0/16`],
        nodes: Array.from({ length: 50 }, (_, j) =>
          node(`node${String(j)}`, `172.16.${String(i)}.${String(j)}`, {
            podCIDRs: [`10.${String(i)}.${String(j)}.0/24`],
          }),
        ),
      }),
    );
    const mesh = meshAt(clusters, "cluster7/node7", {
      keyring: keyring(1, [1, 2]),
    });
    expect(mesh.peers).toHaveLength(950);
    expect(mesh.associations).toHaveLength(950 * 5);
    expect(mesh.policies).toHaveLength(950 * 3);
    expect([mesh.routes.length, mesh.exemptions.length]).toEqual([19, 19]);
    expect(
      new Set(
        mesh.associations.map(
          ({ destination, spi }) => `${String(spi)} ${destination.join(".")}`,
        ),
      ).size,
    ).toBe(950 * 5);
  });
});
