import { expect, it } from "vitest";
import { senderNumberer } from "../../../../plugin/mesh/ipsec/sender-numbers.ts";
import { CHOICES } from "../../../../plugin/mesh/ipsec/spi.ts";
import { meshMemory } from "../../../../plugin/mesh/memory.ts";
import { cluster, meshAt, node } from "../../../support/mesh/mesh.ts";

const here = cluster("here", {
  podCIDRs: ["10.0.0.0/24"],
  nodes: [
    node("node1", "172.17.0.2", {
      elasticIP: "203.0.113.1",
      podCIDRs: ["10.0.0.0/24"],
    }),
  ],
});

/** The clusters whose nodes were hashed to a number by node1's mesh with this one. */
function hashedWith(encryption: "esp" | "none"): Set<string> {
  const there = cluster("there", {
    encryption,
    podCIDRs: ["10.1.0.0/24"],
    nodes: [node("node2", "172.17.0.7", { elasticIP: "203.0.113.2" })],
  });
  const hashed = new Set<string>();
  const choices = {
    ...CHOICES,
    number: (end: Parameters<typeof CHOICES.number>[0]) => {
      hashed.add(end.cluster);
      return CHOICES.number(end);
    },
  };
  const numberers = { 4: senderNumberer(choices), 6: senderNumberer(choices) };
  const memory = { ...meshMemory(), numberers };
  meshAt([here, there], "here/node1", {}, memory);
  return hashed;
}

it("numbers nobody where this node has no tunnel", () => {
  expect(hashedWith("none")).toEqual(new Set());
});

it("numbers all nodes of encrypted clusters where it has one", () => {
  expect(hashedWith("esp")).toEqual(new Set(["here", "there"]));
});
