import { describe, expect, it } from "vitest";
import {
  ownCni,
  ownNodes,
} from "../../../../../plugin/kubernetes/publish/own-nodes.ts";

function node(
  name: string,
  internal: string,
  rest: {
    external?: string;
    annotations?: Record<string, string>;
    podCIDRs?: string[];
  } = {},
) {
  const { external, annotations, podCIDRs } = rest;
  const addresses = [
    { type: "Hostname", address: name },
    { type: "InternalIP", address: internal },
    ...(external === undefined
      ? []
      : [{ type: "ExternalIP", address: external }]),
  ];
  return {
    metadata: { name, ...(annotations === undefined ? {} : { annotations }) },
    spec: { podCIDRs },
    status: { addresses },
  };
}

const OURS = "crosslink.io/elastic-ip";
const FLANNELS = "flannel.alpha.coreos.com/public-ip-overwrite";

describe("ownNodes()", () => {
  it.each([
    [
      { [OURS]: "198.51.100.1", [FLANNELS]: "198.51.100.3" },
      "198.51.100.2",
      "198.51.100.1",
    ],
    [{ [FLANNELS]: "198.51.100.3" }, "198.51.100.2", "198.51.100.2"],
    [{ [FLANNELS]: "198.51.100.3" }, undefined, "198.51.100.3"],
    [{}, undefined, undefined],
  ])(
    "takes the elastic address of %j and ExternalIP %s",
    (annotations, external, wanted) => {
      const given =
        external === undefined ? { annotations } : { annotations, external };
      const { nodes, problems } = ownNodes([node("n", "192.0.2.1", given)]);
      expect(nodes[0]?.["elasticIP"]).toBe(wanted);
      expect(problems).toEqual([]);
    },
  );

  it("guesses nothing around an annotation that is wrong", () => {
    const annotations = { [OURS]: "203.0.113.300" };
    const { nodes, problems } = ownNodes([
      node("n", "192.0.2.1", { annotations, external: "203.0.113.1" }),
    ]);
    expect(nodes[0]).not.toHaveProperty("elasticIP");
    expect(problems).toEqual([
      'node "n": crosslink.io/elastic-ip is no address',
    ]);
  });

  it("leaves out who has another's address, or none, and says so", () => {
    const { nodes, problems } = ownNodes([
      node("z", "192.0.2.1"),
      node("a", "192.0.2.1"),
      { metadata: { name: "bare" } },
    ]);
    expect(nodes.map(({ name }) => name)).toEqual(["a"]);
    expect(problems).toEqual([
      'node "bare" has no InternalIP',
      'node "z" has 192.0.2.1, which another has too',
    ]);
  });

  it("reads pod CIDRs, and the gateway's annotation", () => {
    const { nodes } = ownNodes([
      node("n", "2001:DB8::1", {
        podCIDRs: ["10.1.0.0/24", "fd00::/64"],
        annotations: { "crosslink.io/gateway": "true" },
      }),
    ]);
    expect(nodes).toEqual([
      {
        name: "n",
        ips: ["2001:db8::1"],
        podCIDRs: ["10.1.0.0/24", "fd00::/64"],
        gateway: true,
      },
    ]);
  });
});

describe("ownCni()", () => {
  it("goes by what the base plugin wrote onto the Nodes", () => {
    const flannel = { "flannel.alpha.coreos.com/backend-type": "vxlan" };
    expect(
      ownCni([node("n", "192.0.2.1", { annotations: flannel })])?.cni,
    ).toBe("flannel");
    expect(ownCni([node("n", "192.0.2.1")])).toBeUndefined();
  });
});
