import { describe, expect, it } from "vitest";
import { addressFromBytes } from "../../../../../ip/cidr.ts";
import {
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../../../native/xfrm/constants.ts";
import type { SecurityAssociation } from "../../../../../native/xfrm/sa.ts";
import {
  cluster,
  meshAt,
  node,
  policyText,
  staticKeyring,
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

function ends({ source, destination }: SecurityAssociation): string {
  return `${addressFromBytes(source).text} > ${addressFromBytes(destination).text}`;
}

describe("keyWithStatic()", () => {
  it("takes packets of any peer by one inbound SA, where several send to one address", () => {
    const { associations, policies, peers } = meshAt([a, b, c], "a/a1", {
      keyring: staticKeyring,
    });
    expect(associations.map(ends)).toEqual([
      "0.0.0.0 > 192.168.0.1",
      "192.168.0.1 > 192.168.1.1",
      "192.168.0.1 > 192.168.2.1",
    ]);
    const inbound = policies
      .filter(
        ({ action, direction }) => action === "allow" && direction !== "out",
      )
      .map(policyText);
    expect(inbound).toHaveLength(4);
    for (const text of inbound)
      expect(text).toMatch(/tmpl src 0\.0\.0\.0 dst 192\.168\.0\.1 /u);
    expect(peers.map(({ accepted }) => accepted)).toMatchObject([
      [{ spis: [186] }],
      [{ spis: [186] }],
    ]);
  });

  it("names the peer where it is the only one of its family", () => {
    const { associations } = meshAt([a, b, six], "a/a1", {
      keyring: staticKeyring,
    });
    expect(associations.map(ends)).toEqual([
      "192.168.1.1 > 192.168.0.1",
      "192.168.0.1 > 192.168.1.1",
      "fd99::4 > fd99::1",
      "fd99::1 > fd99::4",
    ]);
  });

  it("lets both families in only where both go through the tunnel", () => {
    const flags = (place: typeof b) =>
      meshAt([a, place], "a/a1", { keyring: staticKeyring }).associations.map(
        (sa) => sa.flags,
      );
    expect(flags(b)).toEqual([XFRM_STATE_ICMP, undefined]);
    expect(flags(six)).toEqual([
      XFRM_STATE_AF_UNSPEC | XFRM_STATE_ICMP,
      XFRM_STATE_AF_UNSPEC,
    ]);
  });

  it("lets both families in for all peers where one needs it", () => {
    const four = cluster("d", {
      nodes: [node("d1", "192.168.3.1", { podCIDRs: ["fd04::/64"] })],
    });
    const dual = cluster("a", {
      nodes: [
        node("a1", "192.168.0.1", { podCIDRs: ["10.1.0.0/24", "fd01::/64"] }),
      ],
    });
    const { associations } = meshAt([dual, b, four], "a/a1", {
      keyring: staticKeyring,
    });
    expect(associations.map((sa) => [ends(sa), sa.flags])).toEqual([
      ["0.0.0.0 > 192.168.0.1", XFRM_STATE_AF_UNSPEC | XFRM_STATE_ICMP],
      ["192.168.0.1 > 192.168.1.1", undefined],
      ["192.168.0.1 > 192.168.3.1", XFRM_STATE_AF_UNSPEC],
    ]);
  });

  it("refuses peers with and without UDP at one address", () => {
    const udp = cluster("c", { ...c.cluster, encap: "udp" });
    expect(() =>
      meshAt([a, b, udp], "a/a1", { keyring: staticKeyring }),
    ).toThrow(
      expect.objectContaining({
        code: 7,
        message:
          'Cannot use one static key for cluster "c" in UDP and cluster "b" without',
        details:
          '/etc/crosslink/clusters.d/c.json and /etc/crosslink/clusters.d/b.json: /encap. Give both the same "encap", or use "keys" in the keyring',
      }),
    );
    expect(
      meshAt([a, udp, six], "a/a1", {
        keyring: staticKeyring,
      }).associations.map((sa) => sa.encapsulation?.sourcePort),
    ).toEqual([4500, 4500, undefined, undefined]);
  });
});
