import { describe, expect, it } from "vitest";
import {
  blockUnserved,
  blockUntranslated,
} from "../../../../../plugin/mesh/ipsec/policies.ts";
import {
  cidrs,
  cluster,
  meshAt,
  node,
  policyText,
  staticKeyring,
} from "../../../../support/mesh/mesh.ts";

function protecting(...args: Parameters<typeof meshAt>): string[] {
  return meshAt(...args)
    .policies.filter(({ action }) => action === "allow")
    .map(policyText);
}

it("blockUntranslated() blocks only what would leave", () => {
  expect(blockUntranslated(cidrs(["100.80.0.0/16"])).map(policyText)).toEqual([
    "src 0.0.0.0/0 dst 100.80.0.0/16 dir out action block priority 17299",
  ]);
});

it("blockUnserved() blocks what remote pods send to services, not what others do", () => {
  const services = cidrs(["10.96.0.0/16", "fd96::/112"]);
  const remotes = cidrs(["10.2.0.0/16", "10.3.0.0/16", "fd02::/48"]);
  expect(blockUnserved(services, remotes).map(policyText)).toEqual([
    "src 10.2.0.0/16 dst 10.96.0.0/16 dir out action block priority 17299",
    "src 10.3.0.0/16 dst 10.96.0.0/16 dir out action block priority 17299",
    "src fd02::/48 dst fd96::/112 dir out action block priority 17299",
  ]);
});

describe("desiredMesh() with services", () => {
  it("blocks unserved packets on the node that carries the services alone", () => {
    const a = cluster("a", {
      serviceCIDRs: ["10.96.0.0/16"],
      nodes: [
        node("a1", "192.168.0.1", { podCIDRs: ["10.1.1.0/24"] }),
        node("a2", "192.168.0.2", { podCIDRs: ["10.1.2.0/24"] }),
      ],
    });
    const b = cluster("b", {
      nodes: [node("b1", "192.168.1.1", { podCIDRs: ["10.2.1.0/24"] })],
    });
    const unserved =
      "src 10.2.1.0/24 dst 10.96.0.0/16 dir out action block priority 17299";
    const policies = (place: string): string[] =>
      meshAt([a, b], place).policies.map(policyText);
    expect(policies("a/a1")).toContain(unserved);
    expect(policies("a/a2")).not.toContain(unserved);
  });
});

describe("protectPolicies()", () => {
  const b = cluster("b", {
    nodes: [
      node("b1", "192.168.1.1", { podCIDRs: ["10.2.1.0/24", "fd02::/64"] }),
    ],
  });
  const through =
    "priority 17200 flag icmp tmpl src 192.168.0.1 dst 192.168.1.1 proto esp reqid 186 mode tunnel";
  const back =
    "priority 17200 flag icmp tmpl src 192.168.1.1 dst 192.168.0.1 proto esp reqid 186 mode tunnel";

  it("tunnels every local CIDR with every remote one of its family", () => {
    const a = cluster("a", {
      nodes: [
        node("a1", "192.168.0.1", {
          podCIDRs: ["10.1.1.0/24", "10.1.2.0/24", "fd01::/64"],
        }),
      ],
    });
    expect(protecting([a, b], "a/a1", { keyring: staticKeyring })).toEqual([
      `src 10.1.1.0/24 dst 10.2.1.0/24 dir out ${through}`,
      `src 10.2.1.0/24 dst 10.1.1.0/24 dir in ${back}`,
      `src 10.2.1.0/24 dst 10.1.1.0/24 dir fwd ${back}`,
      `src 10.1.2.0/24 dst 10.2.1.0/24 dir out ${through}`,
      `src 10.2.1.0/24 dst 10.1.2.0/24 dir in ${back}`,
      `src 10.2.1.0/24 dst 10.1.2.0/24 dir fwd ${back}`,
      `src fd01::/64 dst fd02::/64 dir out ${through}`,
      `src fd02::/64 dst fd01::/64 dir in ${back}`,
      `src fd02::/64 dst fd01::/64 dir fwd ${back}`,
    ]);
  });

  it("sends what is not translated yet through the tunnel, and lets nothing in for it", () => {
    const a = cluster("a", {
      podCIDRs: ["10.244.0.0/16"],
      globalCIDRs: { "10.244.0.0/16": "100.80.0.0/16" },
      nodes: [node("a1", "192.168.0.1", { podCIDRs: ["10.244.1.0/24"] })],
    });
    expect(protecting([a, b], "a/a1", { keyring: staticKeyring })).toEqual([
      `src 100.80.1.0/24 dst 10.2.1.0/24 dir out ${through}`,
      `src 10.2.1.0/24 dst 100.80.1.0/24 dir in ${back}`,
      `src 10.2.1.0/24 dst 100.80.1.0/24 dir fwd ${back}`,
      `src 10.244.1.0/24 dst 10.2.1.0/24 dir out ${through}`,
    ]);
  });

  it("sends the answers of services' pods on other nodes through the tunnel", () => {
    const a = cluster("a", {
      podCIDRs: ["10.1.0.0/16"],
      serviceCIDRs: ["10.96.0.0/16"],
      nodes: [
        node("a1", "192.168.0.1", { podCIDRs: ["10.1.1.0/24"] }),
        node("a2", "192.168.0.2", { podCIDRs: ["10.1.2.0/24"] }),
      ],
    });
    const selectors = (place: string): string[] =>
      protecting([a, b], place, { keyring: staticKeyring }).map(
        (text) => text.split(" priority")[0]!,
      );
    expect(selectors("a/a1")).toEqual([
      "src 10.1.1.0/24 dst 10.2.1.0/24 dir out",
      "src 10.2.1.0/24 dst 10.1.1.0/24 dir in",
      "src 10.2.1.0/24 dst 10.1.1.0/24 dir fwd",
      "src 10.96.0.0/16 dst 10.2.1.0/24 dir out",
      "src 10.2.1.0/24 dst 10.96.0.0/16 dir in",
      "src 10.2.1.0/24 dst 10.96.0.0/16 dir fwd",
      "src 10.1.0.0/16 dst 10.2.1.0/24 dir out",
    ]);
    expect(selectors("a/a2")).toHaveLength(3);
  });
});
