import { describe, expect, it } from "vitest";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import { formatAddress } from "../../../../native/address.ts";
import type { DesiredMesh } from "../../../../plugin/mesh/state.ts";
import {
  cidrs,
  cluster,
  meshAt,
  node,
  using,
} from "../../../support/mesh/mesh.ts";

function routes({ routes: list }: DesiredMesh): string[] {
  return list.map(
    ({ destination, via, cluster: name, kind }) =>
      `${destination.text} via ${formatAddress(via)} ${kind} ${name}`,
  );
}

function exemptions({ exemptions: list }: DesiredMesh): string[] {
  return list.map(
    ({ local, remote, encrypted, global }) =>
      `${local.text} ${remote.text} ${encrypted ? "esp" : "none"}${global === undefined ? "" : ` as ${global.text}`}`,
  );
}

const b = cluster("b", {
  podCIDRs: ["10.2.0.0/16"],
  nodes: [
    node("b1", "192.168.1.1", { podCIDRs: ["10.2.1.0/24"] }),
    node("b2", "192.168.1.2", { podCIDRs: ["10.2.0.0/24"] }),
  ],
});

describe("desiredMesh() routes", () => {
  const a = cluster("a", {
    nodes: [node("a1", "192.168.0.1", { podCIDRs: ["10.1.0.0/24"] })],
  });

  it("lead each remote network to the peer that carries it or its first part", () => {
    expect(routes(meshAt([a, b], "a/a1"))).toEqual([
      "10.2.0.0/16 via 192.168.1.2 peer b",
    ]);
  });

  it("lead to nobody where there is no tunnel", () => {
    const six = cluster("six", {
      nodes: [node("s1", "fd99::1", { podCIDRs: ["10.3.0.0/24"] })],
    });
    expect(routes(meshAt([a, six], "a/a1"))).toEqual([]);
  });

  it("lead a plain network to the router in use", () => {
    const office = cluster("office", {
      encryption: "none",
      podCIDRs: ["192.168.10.0/24"],
      nodes: [
        node("r1", "172.16.0.8", { gateway: true }),
        node("r2", "172.16.0.9", { gateway: true }),
      ],
    });
    expect(routes(meshAt([a, office], "a/a1"))).toEqual([
      "192.168.10.0/24 via 172.16.0.8 plain office",
    ]);
    expect(routes(meshAt([a, using(office, "r2")], "a/a1"))).toEqual([
      "192.168.10.0/24 via 172.16.0.9 plain office",
    ]);
  });

  it("lead plain networks to the routers that their files name", () => {
    const office = cluster("office", {
      encryption: "none",
      podCIDRs: ["192.168.10.0/24", "192.168.11.0/24", "fd0f::/48"],
      nodes: [
        node("r1", "172.16.0.9", { gateway: true }),
        node("r2", ["fd99::2", "172.16.0.8"], {
          podCIDRs: ["192.168.11.0/24"],
        }),
      ],
    });
    const mesh = meshAt([a, office], "a/a1");
    expect(routes(mesh)).toEqual([
      "192.168.10.0/24 via 172.16.0.9 plain office",
      "192.168.11.0/24 via 172.16.0.8 plain office",
      "fd0f::/48 via 172.16.0.9 plain office",
    ]);
    expect(mesh).toMatchObject({
      role: "tunnel",
      associations: [],
      policies: [],
      peers: [],
      needsKeyring: false,
    });
    expect(exemptions(mesh)).toEqual([
      "10.1.0.0/24 192.168.10.0/24 none",
      "10.1.0.0/24 192.168.11.0/24 none",
    ]);
    const unrouted = cluster("office", {
      encryption: "none",
      podCIDRs: ["192.168.10.0/24"],
    });
    expect(routes(meshAt([a, unrouted], "a/a1"))).toEqual([]);
  });

  it("are all that a node of a plain network gets", () => {
    const plain = cluster("plain", {
      encryption: "none",
      podCIDRs: ["10.9.0.0/24"],
      nodes: [node("p1", "172.16.0.1")],
    });
    const mesh = meshAt([plain, b], "plain/p1", {
      localCidrs: cidrs(["10.9.0.0/24"]),
    });
    expect(mesh).toMatchObject({
      role: "plain",
      associations: [],
      policies: [],
      needsKeyring: false,
    });
    expect(exemptions(mesh)).toEqual(["10.9.0.0/24 10.2.0.0/16 none"]);
    // A node that names no gateway stands for its cluster's networks; those named by a node go to it.
    expect(routes(mesh)).toEqual([
      "10.2.0.0/16 via 192.168.1.1 plain b",
      "10.2.0.0/24 via 192.168.1.2 plain b",
      "10.2.1.0/24 via 192.168.1.1 plain b",
    ]);
  });
});

describe("desiredMesh() in a gateway-mode cluster", () => {
  const gate = cluster("a", {
    mode: "gateway",
    podCIDRs: ["10.1.0.0/16", "fd01::/48"],
    nodes: [
      node("a1", "192.168.0.1", { podCIDRs: ["10.1.7.0/24"] }),
      node("a2", ["192.168.0.2", "fd99::2"], {
        gateway: true,
        podCIDRs: ["10.1.8.0/24", "fd01:0:0:8::/64"],
      }),
      node("a3", "192.168.0.3", { gateway: true, podCIDRs: [] }),
    ],
  });
  const dual = cluster("c", {
    nodes: [
      node("c1", ["192.168.2.1", "fd99:2::1"], {
        podCIDRs: ["10.3.0.0/24", "fd03::/64"],
      }),
    ],
  });
  const own = { localCidrs: cidrs(["10.1.7.0/24"]) };

  it("gives a leaf one peer, the gateway, and all remote networks through it", () => {
    const mesh = meshAt([gate, b, dual], "a/a1", own);
    expect(mesh).toMatchObject({ role: "leaf", needsKeyring: true });
    expect(
      mesh.peers.map(({ node: name, localCidrs, remoteCidrs }) => [
        name,
        localCidrs.map(({ text }) => text),
        remoteCidrs.map(({ text }) => text),
      ]),
    ).toEqual([["a2", ["10.1.7.0/24"], ["10.2.0.0/16", "10.3.0.0/24"]]]);
    expect(routes(mesh)).toEqual([
      "10.2.0.0/16 via 192.168.0.2 peer b",
      "10.3.0.0/24 via 192.168.0.2 peer c",
    ]);
    expect(exemptions(mesh)).toEqual([
      "10.1.7.0/24 10.2.0.0/16 esp",
      "10.1.7.0/24 10.3.0.0/24 esp",
    ]);
  });

  it("tells a leaf how its gateway wraps what it passes on", () => {
    const inUdp = { ...dual.cluster, encap: "udp" as const };
    const udp = { ...dual, cluster: inUdp };
    expect(meshAt([gate, b, udp], "a/a1", own).wrappingsBeyond).toEqual([
      { family: 4, inUdp: false },
      { family: 4, inUdp: true },
      { family: 6, inUdp: true },
    ]);
    expect(meshAt([gate, b, udp], "a/a2", own).wrappingsBeyond).toEqual([]);
  });

  it("uses private addresses inside of the cluster", () => {
    const [near, far] = [1, 2].map((n) =>
      node(`g${String(n)}`, `192.168.0.${String(n)}`, {
        elasticIP: `203.0.113.${String(n)}`,
        gateway: n === 1,
        podCIDRs: [`10.1.${String(n)}.0/24`],
      }),
    );
    const nodes = [near!, far!];
    const podCIDRs = ["10.1.0.0/16"];
    const both = cluster("g", { mode: "gateway", podCIDRs, nodes });
    const [leg] = meshAt([both, b], "g/g2").peers;
    expect(formatAddress(leg!.remote)).toBe("192.168.0.1");
  });

  it("refuses nodes whose pods the file leaves open", () => {
    const open = node("a4", "192.168.0.4");
    const nodes = [...gate.cluster.nodes, open];
    const wide = { ...gate, cluster: { ...gate.cluster, nodes } };
    for (const place of ["a/a2", "a/a4"])
      expect(() => meshAt([wide, b], place)).toThrow(
        expect.objectContaining({
          code: 7,
          message: 'Cannot tell which pods of cluster "a" are on node "a4"',
          details: expect.stringContaining(
            "an empty list where it has no pods",
          ),
        }),
      );
    expect(meshAt([wide, b], "b/b1").peers).toHaveLength(1);
  });

  it("takes a second gateway for a leaf until the file calls it active", () => {
    expect(meshAt([gate, b], "a/a3", own).role).toBe("leaf");
    const moved = [using(gate, "a3"), b];
    expect(meshAt(moved, "a/a3", own).role).toBe("tunnel");
    expect(meshAt(moved, "a/a2", own).role).toBe("leaf");
    expect(routes(meshAt(moved, "a/a1", own))).toEqual([
      "10.2.0.0/16 via 192.168.0.3 peer b",
    ]);
  });

  it("gives the gateway the whole cluster", () => {
    const mesh = meshAt([gate, b], "a/a2", own);
    expect(
      mesh.peers.map(({ node: name, localCidrs }) => [
        name,
        localCidrs.map(({ text }) => text),
      ]),
    ).toEqual([
      ["a1", ["10.2.0.0/16"]],
      ["b1", ["10.1.0.0/16"]],
      ["b2", ["10.1.0.0/16"]],
    ]);
    expect(exemptions(mesh)).toEqual(["10.1.0.0/16 10.2.0.0/16 esp"]);
    expect(routes(mesh)).toEqual(["10.2.0.0/16 via 192.168.1.2 peer b"]);
  });

  it("gives its peers one tunnel, to the gateway", () => {
    const mesh = meshAt([gate, b], "b/b1");
    expect(
      mesh.peers.map(({ node: name, remoteCidrs }) => [
        name,
        remoteCidrs.map(({ text }) => text),
      ]),
    ).toEqual([["a2", ["10.1.0.0/16"]]]);
  });
});

describe("desiredMesh() with global CIDRs", () => {
  const at = (
    name: string,
    number: number,
    rest: Partial<ClusterSource["cluster"]> = {},
  ) =>
    cluster(name, {
      podCIDRs: ["10.244.0.0/16"],
      globalCIDRs: { "10.244.0.0/16": `100.${String(number)}.0.0/16` },
      nodes: [
        node(`${name}1`, `192.168.${String(number)}.1`, {
          podCIDRs: ["10.244.1.0/24"],
        }),
        node(`${name}2`, `192.168.${String(number)}.2`, {
          podCIDRs: ["10.244.2.0/24"],
          gateway: true,
        }),
      ],
      ...rest,
    });
  const office = cluster("office", {
    encryption: "none",
    podCIDRs: ["192.168.200.0/24"],
  });

  it("says what to translate toward whom", () => {
    const mesh = meshAt([at("a", 81), at("b", 82), office], "a/a1");
    expect(exemptions(mesh)).toEqual([
      "10.244.1.0/24 100.82.0.0/16 esp as 100.81.1.0/24",
      "10.244.1.0/24 192.168.200.0/24 none as 100.81.1.0/24",
    ]);
    expect(
      mesh.globalMappings.map(({ own, global }) => [own.text, global.text]),
    ).toEqual([["10.244.1.0/24", "100.81.1.0/24"]]);
  });

  it("blocks what was decrypted and not translated", () => {
    const { policies } = meshAt([at("a", 81), at("b", 82)], "a/a1");
    const blocked = policies
      .filter(({ action }) => action === "block")
      .map(
        ({ direction, selector }) =>
          `${direction} ${formatAddress(selector.destination.address)}/${String(selector.destination.length)}`,
      );
    expect(blocked).toEqual(["out 100.81.1.0/24"]);
  });

  it("leaves translation to the gateway, but toward plain networks", () => {
    const mesh = meshAt(
      [at("a", 81, { mode: "gateway" }), at("b", 82), office],
      "a/a1",
    );
    expect(mesh.role).toBe("leaf");
    expect(exemptions(mesh)).toEqual([
      "10.244.1.0/24 100.82.0.0/16 esp",
      "10.244.1.0/24 192.168.200.0/24 none as 100.81.1.0/24",
    ]);
  });
});
