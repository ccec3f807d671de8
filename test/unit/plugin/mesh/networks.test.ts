import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressInCidr,
  type Cidr,
  cidrOf,
  parseAddress,
  parseCidr,
} from "../../../../ip/cidr.ts";
import {
  distinct,
  inFamily,
  networkHolding,
  networksOf,
  seenFrom,
  widest,
} from "../../../../plugin/mesh/networks.ts";
import { cidrs, cluster, node } from "../../../support/mesh/mesh.ts";

const small = fc
  .tuple(
    fc.constantFrom(4, 16),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 16, maxLength: 16 }),
    fc.integer({ min: 0, max: 32 }),
  )
  .map(([length, bytes, prefix]) =>
    cidrOf(Uint8Array.from(bytes.slice(0, length)), prefix),
  );

function texts(list: readonly Cidr[]): string[] {
  return list.map(({ text }) => text);
}

describe("networksOf()", () => {
  it("joins the cluster's and its nodes' pod CIDRs, and shows them as others see them", () => {
    const source = cluster("a", {
      podCIDRs: ["10.244.0.0/16", "fd00::/48"],
      serviceCIDRs: ["10.96.0.0/12"],
      globalCIDRs: { "10.244.0.0/16": "100.80.0.0/16" },
      nodes: [
        node("a1", "192.168.0.1", { podCIDRs: ["10.244.1.0/24"] }),
        node("a2", "192.168.0.2", { podCIDRs: ["10.9.0.0/24"] }),
      ],
    });
    const { pods, services, seen } = networksOf(source);
    expect(texts(pods)).toEqual(["10.9.0.0/24", "10.244.0.0/16", "fd00::/48"]);
    expect(texts(services)).toEqual(["10.96.0.0/12"]);
    expect(texts(seen)).toEqual([
      "10.9.0.0/24",
      "10.96.0.0/12",
      "100.80.0.0/16",
      "fd00::/48",
    ]);
  });

  it("leaves out what ipFamily does not name", () => {
    const both = { podCIDRs: ["10.0.0.0/24", "fd00::/64"] };
    expect(
      texts(networksOf(cluster("a", { ...both, ipFamily: "ipv4" })).seen),
    ).toEqual(["10.0.0.0/24"]);
    expect(
      texts(networksOf(cluster("a", { ...both, ipFamily: "ipv6" })).seen),
    ).toEqual(["fd00::/64"]);
    expect(
      texts(
        inFamily(
          cluster("a", { ipFamily: "all" }).cluster,
          cidrs(both.podCIDRs),
        ),
      ),
    ).toEqual(both.podCIDRs);
  });
});

describe("seenFrom()", () => {
  const source = cluster("a", {
    globalCIDRs: {
      "10.244.0.0/17": "100.80.128.0/17",
      "fd00:1::/48": "fd64:2::/48",
    },
  });

  it("keeps a part's place in the global CIDR", () => {
    expect(seenFrom(source)(parseCidr("10.244.65.64/26")).text).toBe(
      "100.80.193.64/26",
    );
    expect(seenFrom(source)(parseCidr("fd00:1:0:7::/64")).text).toBe(
      "fd64:2:0:7::/64",
    );
  });

  it("leaves other CIDRs as they are", () => {
    expect(seenFrom(source)(parseCidr("10.244.128.0/24")).text).toBe(
      "10.244.128.0/24",
    );
  });

  it("refuses a CIDR of which only a part has a global one", () => {
    expect(() => seenFrom(source)(parseCidr("10.244.0.0/16"))).toThrow(
      expect.objectContaining({
        code: 7,
        message:
          'Cannot map pod CIDR "10.244.0.0/16" of cluster "a": only its part "10.244.0.0/17" has a global CIDR',
        details: expect.stringContaining(
          "/etc/crosslink/clusters.d/a.json: /globalCIDRs",
        ),
      }),
    );
  });
});

describe("widest()", () => {
  it("keeps networks that hold others, and drops those and doubles", () => {
    expect(
      texts(
        widest(
          cidrs([
            "10.0.1.0/24",
            "10.0.0.0/16",
            "fd00::/8",
            "10.0.1.0/24",
            "10.1.0.0/24",
          ]),
        ),
      ),
    ).toEqual(["10.0.0.0/16", "10.1.0.0/24", "fd00::/8"]);
  });

  it("holds the same addresses in networks that are apart, and networkHolding() finds them", () => {
    fc.assert(
      fc.property(fc.array(small, { maxLength: 12 }), small, (list, probe) => {
        const kept = widest(list);
        const holding = list.some((cidr) => addressInCidr(probe.bytes, cidr));
        expect(
          kept.filter((cidr) => addressInCidr(probe.bytes, cidr)),
        ).toHaveLength(holding ? 1 : 0);
        expect(networkHolding(kept, probe.bytes)).toBe(
          kept.find((cidr) => addressInCidr(probe.bytes, cidr)),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("finds nothing among no networks", () => {
    expect(networkHolding([], parseAddress("10.0.0.1").bytes)).toBeUndefined();
  });
});

it("distinct() sorts by family and number, and keeps each once", () => {
  expect(
    texts(
      distinct(
        cidrs([
          "fd00::/64",
          "10.0.10.0/24",
          "10.0.9.0/24",
          "10.0.9.0/26",
          "10.0.10.0/24",
        ]),
      ),
    ),
  ).toEqual(["10.0.9.0/24", "10.0.9.0/26", "10.0.10.0/24", "fd00::/64"]);
});
