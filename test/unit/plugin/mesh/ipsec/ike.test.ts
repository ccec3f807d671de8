import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../../native/address.ts";
import { deriveReqid } from "../../../../../plugin/mesh/ipsec/spi.ts";
import {
  cluster,
  keyring,
  meshAt,
  node,
  staticKeyring,
} from "../../../../support/mesh/mesh.ts";

const a = cluster("a", {
  nodes: [
    node("a1", "192.168.0.1", {
      podCIDRs: ["10.0.0.0/24"],
      elasticIP: "203.0.113.1",
    }),
  ],
});
const b = cluster("b", {
  keying: "ike",
  nodes: [
    node("b1", "192.168.1.1", {
      podCIDRs: ["10.0.1.0/24"],
      elasticIP: "203.0.113.2",
    }),
  ],
});
const c = cluster("c", {
  nodes: [node("c1", "192.168.2.1", { podCIDRs: ["10.0.2.0/24"] })],
});

const secretsAt = (place: string, ids: [number, number[]] = [1, [1]]) =>
  meshAt([a, b], place, { keyring: keyring(...ids) }).ike.flatMap((tunnel) =>
    tunnel.secrets.map(
      ({ keyId, psk }) =>
        `${String(keyId)} ${Buffer.from(psk.bytes()).toString()}`,
    ),
  );

describe("tunnels by IKE", () => {
  it("are those of which either cluster's file says so", () => {
    const { ike, associations, peers } = meshAt([a, b, c], "a/a1");
    expect(ike.map(({ remoteId }) => remoteId)).toEqual(["b1.b"]);
    expect(
      new Set(
        associations.flatMap((sa) =>
          [sa.source, sa.destination].map(formatAddress),
        ),
      ),
    ).toEqual(new Set(["192.168.0.1", "192.168.2.1"]));
    expect(peers.map(({ cluster, keying }) => `${cluster} ${keying}`)).toEqual([
      "b ike",
      "c derived",
    ]);
    expect(meshAt([a, b, c], "b/b1").ike).toHaveLength(2);
  });

  it("have policies whose templates name the tunnel that charon is told of", () => {
    const { ike, policies } = meshAt([a, b], "a/a1");
    const [tunnel] = ike;
    const protecting = policies.filter(({ action }) => action === "allow");
    expect(protecting.map(({ direction }) => direction).sort()).toEqual([
      "fwd",
      "in",
      "out",
    ]);
    for (const { direction, templates } of protecting)
      expect(templates).toEqual([
        {
          source: direction === "out" ? tunnel!.local : tunnel!.remote,
          destination: direction === "out" ? tunnel!.remote : tunnel!.local,
          reqid: tunnel!.reqid,
          mode: "tunnel",
        },
      ]);
  });

  it("have the reqid of derived keys, whose SAs serve while a tunnel changes over", () => {
    const derived = meshAt(
      [a, cluster("b", { ...b.cluster, keying: "derived" })],
      "a/a1",
    );
    const { ike, retiring } = meshAt([a, b], "a/a1");
    expect(ike[0]!.reqid).toBe(derived.peers[0]!.reqid);
    for (const { destination, spi } of derived.associations)
      expect(retiring).toContainEqual({ destination, spi });
  });

  it("have one secret a pair and key, the same at both ends and the active one's first", () => {
    const secrets = secretsAt("a/a1", [2, [1, 2]]);
    expect(secretsAt("b/b1", [2, [1, 2]])).toEqual(secrets);
    expect(secrets.map((text) => text.slice(0, 2))).toEqual(["2 ", "1 "]);
    expect(new Set(secrets).size).toBe(2);
    expect(secrets[0]).toMatch(/^2 [A-Za-z0-9+/]{43}=$/u);
    expect(secretsAt("b/b1", [1, [1, 2]]).sort()).toEqual(secrets.sort());
  });

  it("have other secrets where a name or an address differs", () => {
    const [secret] = secretsAt("a/a1");
    const others = [
      { name: "b2" },
      { ips: ["192.168.1.2"] as [string] },
      { elasticIP: "203.0.113.3" },
    ].map((change) => {
      const other = cluster("b", {
        ...b.cluster,
        nodes: [{ ...b.cluster.nodes[0]!, ...change }],
      });
      const [tunnel] = meshAt([a, other], "a/a1").ike;
      return `1 ${Buffer.from(tunnel!.secrets[0]!.psk.bytes()).toString()}`;
    });
    expect(new Set([secret, ...others]).size).toBe(4);
  });

  it.each([
    ["own", ["a"]],
    ["peer's", ["b"]],
  ])(
    "between clusters of which the %s alone has an authority stay down, and no others with them",
    (_, holders) => {
      const given = [a, b, c].map((source) => {
        const { name } = source.cluster;
        const words = holders.includes(name) ? { ca: "PEM" } : {};
        return cluster(name, { ...source.cluster, keying: "ike", ...words });
      });
      const others = holders.includes("a") ? [] : ["c1.c"];
      const { ike, policies, warnings } = meshAt(given, "a/a1");
      const provable = ike.filter(({ isUnprovable }) => !isUnprovable);
      expect(provable.map(({ remoteId }) => remoteId)).toEqual(others);
      const down = ike.find(({ remoteId }) => remoteId === "b1.b");
      expect(down).toMatchObject({ secrets: [], isUnprovable: true });
      expect(down).not.toHaveProperty("authority");
      const words = "one has a certificate authority, the other none";
      expect(down?.difference).toContain(words);
      expect(warnings.join()).toContain(words);
      // What is sent there waits for SAs that nobody makes.
      const templates = policies.flatMap((policy) => policy.templates);
      expect(templates.some(({ reqid }) => reqid === down?.reqid)).toBe(true);
    },
  );

  it("share no reqid, with each other or with derived keys", () => {
    const [one, two] = twoThatTie();
    const far = (name: string, last: number, keying: "ike" | "derived") =>
      cluster(name, {
        keying,
        nodes: [
          node("n", `192.168.3.${String(last)}`, {
            podCIDRs: [`10.1.${String(last)}.0/24`],
          }),
        ],
      });
    for (const first of ["ike", "derived"] as const) {
      const mesh = meshAt([a, far(one, 1, first), far(two, 2, "ike")], "a/a1");
      const reqids = mesh.peers.map(({ reqid }) => reqid);
      expect(new Set(reqids).size).toBe(2);
      expect(reqids).toContain(deriveReqid({ cluster: one, node: "n" }));
      for (const reqid of reqids)
        expect(Math.floor(reqid / 0x10000)).toBe(0x434c);
    }
  });

  it("of both families are two tunnels", () => {
    const dual = (source: typeof a, ip: string, pods: string) => ({
      ...source,
      cluster: {
        ...source.cluster,
        nodes: source.cluster.nodes.map((each) => ({
          ...each,
          ips: [each.ips[0], ip] as [string, string],
          podCIDRs: [...each.podCIDRs!, pods],
        })),
      },
    });
    const { ike } = meshAt(
      [dual(a, "fd00::1", "fd10::/64"), dual(b, "fd00::2", "fd11::/64")],
      "a/a1",
    );
    expect(ike.map(({ local }) => local.length)).toEqual([4, 16]);
    expect(new Set(ike.map(({ reqid }) => reqid)).size).toBe(2);
  });

  it("lead from leaf to gateway, too", () => {
    const gateways = cluster("b", {
      mode: "gateway",
      keying: "ike",
      podCIDRs: ["10.0.0.0/16"].map(() => "10.9.0.0/16"),
      nodes: [
        node("g", "192.168.1.1", { gateway: true, podCIDRs: [] }),
        node("l", "192.168.1.2", { podCIDRs: ["10.9.1.0/24"] }),
      ],
    });
    const leaf = meshAt([a, gateways], "b/l");
    expect(leaf.ike.map(({ remoteId }) => remoteId)).toEqual(["g.b"]);
    expect(leaf.associations).toEqual([]);
    const gateway = meshAt([a, gateways], "b/g");
    expect(gateway.ike.map(({ remoteId }) => remoteId)).toEqual([
      "a1.a",
      "l.b",
    ]);
  });

  it("are refused with a static key, and where two nodes would be one identity", () => {
    expect(() => meshAt([a, b], "a/a1", { keyring: staticKeyring })).toThrow(
      'Cannot talk by IKE to cluster "b" with a static key',
    );
    const named = (name: string, nodeName: string, last: number) =>
      cluster(name, {
        keying: "ike",
        nodes: [
          node(nodeName, `192.168.3.${String(last)}`, {
            podCIDRs: [`10.1.${String(last)}.0/24`],
          }),
        ],
      });
    expect(() =>
      meshAt([a, named("z", "x.y", 1), named("y.z", "x", 2)], "a/a1"),
    ).toThrow('both would be "x.y.z"');
  });

  it("are warned of where one file says ike and the other derived, and not where it says nothing", () => {
    const said = cluster("a", { ...a.cluster, keying: "derived" });
    const sentence =
      'Clusters "a" and "b" talk by IKE, since /etc/crosslink/clusters.d/b.json says "keying": "ike", though /etc/crosslink/clusters.d/a.json says "derived"';
    expect(meshAt([said, b], "a/a1").warnings.join()).toContain(sentence);
    expect(meshAt([said, b], "b/b1").warnings.join()).toContain(sentence);
    expect(meshAt([said, b], "a/a1").ike[0]?.difference).toContain(sentence);
    expect(meshAt([a, b], "a/a1").warnings).toEqual([]);
    expect(meshAt([a, b], "a/a1").ike[0]?.difference).toBeUndefined();
  });
});

/** Names of two clusters whose node "n" has one reqid. */
function twoThatTie(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i += 1) {
    const name = `k${String(i)}`;
    const reqid = deriveReqid({ cluster: name, node: "n" });
    const other = seen.get(reqid);
    if (other !== undefined)
      return other < name ? [other, name] : [name, other];
    seen.set(reqid, name);
  }
}
