import { describe, expect, it } from "vitest";
import { Secret } from "../../../../../conf/secret.ts";
import {
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../../../native/xfrm/constants.ts";
import {
  associationText,
  cluster,
  keyring,
  meshAt,
  node,
} from "../../../../support/mesh/mesh.ts";

const a = cluster("a", {
  nodes: [
    node("a1", ["192.168.0.1", "fd99::1"], { podCIDRs: ["10.1.0.0/24"] }),
  ],
});
const b = cluster("b", {
  nodes: [node("b1", "192.168.1.1", { podCIDRs: ["10.2.0.0/24"] })],
});
const c = cluster("c", {
  nodes: [node("c1", "192.168.2.1", { podCIDRs: ["10.3.0.0/24"] })],
});
const six = cluster("six", {
  nodes: [node("s1", "fd99::4", { podCIDRs: ["10.4.0.0/24"] })],
});

describe("keyWithDerived()", () => {
  it("gives every SA its own key, of AES-256 and salt", () => {
    const { associations } = meshAt([a, b, c, six], "a/a1", {
      keyring: keyring(1, [1, 2]),
    });
    const keys = associations.map(({ aead }) =>
      Buffer.from(aead.key.bytes()).toString("hex"),
    );
    expect(associations).toHaveLength(15);
    expect(new Set(keys).size).toBe(15);
    for (const { aead, mode, replayWindow, flags } of associations) {
      expect([aead.algorithm, aead.icvBits, aead.key.bytes().length]).toEqual([
        "rfc4106(gcm(aes))",
        128,
        36,
      ]);
      expect([mode, replayWindow, flags]).toEqual([
        "tunnel",
        0,
        XFRM_STATE_AF_UNSPEC | XFRM_STATE_ICMP,
      ]);
    }
  });

  it("gives one secret under two ids two keys", () => {
    const secret = new Secret(new Uint8Array(32).fill(5));
    const twins = {
      kind: "keys" as const,
      active: 1,
      keys: [
        { id: 1, secret },
        { id: 2, secret },
      ],
    };
    const keys = meshAt([a, b], "a/a1", { keyring: twins }).associations.map(
      associationText,
    );
    expect(new Set(keys.map((text) => / 0x(\w+) /u.exec(text)![1])).size).toBe(
      5,
    );
  });

  it("keeps an SPI for one key: what changes the key changes the SPI", () => {
    const at = (elasticIP: string) => {
      const moved = cluster("b", {
        nodes: [
          node("b1", "192.168.1.1", { elasticIP, podCIDRs: ["10.2.0.0/24"] }),
        ],
      });
      return new Map(
        meshAt([a, moved], "a/a1").associations.map((sa) => [
          sa.spi,
          Buffer.from(sa.aead.key.bytes()).toString("hex"),
        ]),
      );
    };
    const [before, after] = [at("203.0.113.1"), at("203.0.113.2")];
    for (const [spi, key] of before) expect(after.get(spi) ?? key).toBe(key);
    expect(after).not.toEqual(before);
  });

  it("uses one reqid toward a peer", () => {
    const { associations, peers, policies } = meshAt([a, b], "a/a1", {
      keyring: keyring(1, [1, 2]),
    });
    const reqids = new Set(
      [...associations, ...policies.flatMap(({ templates }) => templates)].map(
        ({ reqid }) => reqid,
      ),
    );
    expect([...reqids]).toEqual([peers[0]!.reqid]);
  });

  it("wraps ESP in UDP port 4500 where a cluster asks for it", () => {
    const udp = cluster("b", { ...b.cluster, encap: "udp" });
    for (const sa of meshAt([a, udp], "a/a1").associations)
      expect(sa.encapsulation).toEqual({
        sourcePort: 4500,
        destinationPort: 4500,
      });
    for (const sa of meshAt([a, b], "a/a1").associations)
      expect(sa.encapsulation).toBeUndefined();
  });

  it("refuses a keyring without its active key", () => {
    expect(() =>
      meshAt([a, b], "a/a1", { keyring: keyring(3, [1, 2]) }),
    ).toThrow("Cannot use key 3: the keyring does not hold it");
  });
});
