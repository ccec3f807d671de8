import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../native/address.ts";
import {
  cluster,
  keyring,
  meshAt,
  node,
  staticKeyring,
} from "../../../support/mesh/mesh.ts";

const one = (name: string, net: number) =>
  cluster(name, {
    podCIDRs: [`10.${net}.0.0/16`],
    nodes: [node("n", `192.0.2.${net}`, { podCIDRs: [`10.${net}.0.0/24`] })],
  });
const three = [one("a", 1), one("b", 2), one("c", 3)];

/** The keys in hex of all SAs that go a way, by the way. */
function keysAt(place: string, keyrings: Record<string, number>) {
  const { associations } = meshAt(three, place, {
    keyring: keyring(1),
    keyrings: new Map(
      Object.entries(keyrings).map(([name, id]) => [name, keyring(id)]),
    ),
  });
  const ways = Map.groupBy(
    associations,
    (sa) => `${formatAddress(sa.source)}>${formatAddress(sa.destination)}`,
  );
  return (way: string) =>
    new Set(
      ways
        .get(way)
        ?.map((sa) => Buffer.from(sa.aead.key.bytes()).toString("hex")),
    );
}

const shared = (one: Set<string>, other: Set<string>) =>
  [...one].filter((key) => other.has(key));

describe("a keyring that two clusters share", () => {
  it("is what their tunnels are keyed by, at both ends, and nobody else's", () => {
    const a = keysAt("a/n", { b: 7 });
    const b = keysAt("b/n", { a: 7 });
    const plain = keysAt("a/n", {});
    for (const way of ["192.0.2.1>192.0.2.2", "192.0.2.2>192.0.2.1"]) {
      // What the one sends with, the other accepts.
      expect(shared(a(way), b(way))).toHaveLength(1);
      expect(shared(a(way), plain(way))).toEqual([]);
    }
    for (const way of ["192.0.2.1>192.0.2.3", "192.0.2.3>192.0.2.1"])
      expect(a(way)).toEqual(plain(way));
  });

  it("makes no tunnel with anybody who has none, where the mesh has none", () => {
    const { peers, policies } = meshAt(three, "a/n", {
      keyring: undefined as never,
      keyrings: new Map([["b", keyring(7)]]),
    });
    expect(peers.map((peer) => peer.cluster)).toEqual(["b"]);
    // What no tunnel leads to is blocked.
    expect(JSON.stringify(policies)).not.toContain("192.0.2.3");
  });

  it("goes beside a static key of the mesh, and IKE's secrets come from it, too", () => {
    const ike = [
      three[0]!,
      {
        ...three[1]!,
        cluster: { ...three[1]!.cluster, keying: "ike" as const },
      },
      three[2]!,
    ];
    const mesh = meshAt(ike, "a/n", {
      keyring: staticKeyring,
      keyrings: new Map([["b", keyring(7)]]),
    });
    expect(mesh.ike.map((tunnel) => tunnel.cluster)).toEqual(["b"]);
    expect(mesh.ike[0]?.secrets.map(({ keyId }) => keyId)).toEqual([7]);
    expect(mesh.associations.map(({ spi }) => spi)).toContain(186);
  });
});
