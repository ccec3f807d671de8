import { describe, expect, it } from "vitest";
import {
  type NetworkObjects,
  ownNetworks,
} from "../../../../../plugin/kubernetes/publish/own-networks.ts";
import { ownNodes } from "../../../../../plugin/kubernetes/publish/own-nodes.ts";

const object = (name: string, spec: object) => ({ metadata: { name }, spec });
const pool = (name: string, cidr: string, more: object = {}) =>
  object(name, { cidr, ...more });
const affinity = (
  node: string,
  cidr: string,
  more: { state?: string; deleted?: string } = {},
) =>
  object(`${node}-${cidr.replace(/[./:]/g, "-")}`, {
    node,
    cidr,
    state: "confirmed",
    deleted: "false",
    ...more,
  });
const found = (objects: Partial<NetworkObjects>, said?: unknown) =>
  ownNetworks({ pools: [], affinities: [], services: [], ...objects }, said);
const POOL = pool("default", "10.244.0.0/16");

describe("ownNetworks()", () => {
  it("takes pools of pods, disabled ones too, and says which", () => {
    const pools = [
      pool("v6", "2001:db8:1::/48", { disabled: true }),
      POOL,
      pool("lb", "198.51.100.0/24", { allowedUses: ["LoadBalancer"] }),
      pool("wrong", "10.244.0.0/33"),
    ];
    const { discovered, origins } = found({ pools });
    expect(discovered).toEqual({
      podCIDRs: ["10.244.0.0/16", "2001:db8:1::/48"],
    });
    expect(origins).toEqual({ podCIDRs: "IPPool default, v6, wrong" });
  });

  it("gives each node its confirmed blocks, and nobody those that are on their way", () => {
    const { blocks, problems } = found({
      pools: [POOL],
      affinities: [
        affinity("n2", "10.244.2.0/26"),
        affinity("n1", "10.244.1.64/26"),
        affinity("n1", "10.244.1.0/26"),
        affinity("n1", "10.244.9.0/26", { state: "pending" }),
        affinity("n2", "10.244.8.0/26", { deleted: "true" }),
      ],
    });
    expect(Object.fromEntries(blocks ?? [])).toEqual({
      n1: ["10.244.1.0/26", "10.244.1.64/26"],
      n2: ["10.244.2.0/26"],
    });
    expect(problems).toEqual([]);
  });

  it("leaves a block out that would make the whole file wrong", () => {
    const affinities = [
      affinity("n1", "10.244.1.0/26"),
      affinity("n2", "10.244.1.0/26"),
      affinity("n2", "10.99.0.0/26"),
    ];
    const { blocks, problems } = found({ pools: [POOL], affinities });
    expect(Object.fromEntries(blocks ?? [])).toEqual({ n1: ["10.244.1.0/26"] });
    expect(problems.join()).toContain("10.244.1.0/26, which another has too");
    expect(problems.join()).toContain("10.99.0.0/26, which is in none");
    expect(
      found({ pools: [POOL], affinities: [affinity("n", "10.99.0.0/26")] }, [
        "10.99.0.0/16",
      ]).problems,
    ).toEqual([]);
  });

  it("takes services where they are given, and has no blocks without Calico's IPAM", () => {
    const services = [object("kubernetes", { cidrs: ["10.96.0.0/12"] })];
    const { discovered, origins, blocks } = found({ services });
    expect(discovered).toEqual({ serviceCIDRs: ["10.96.0.0/12"] });
    expect(origins).toEqual({ serviceCIDRs: "ServiceCIDR kubernetes" });
    expect(blocks).toBeUndefined();
  });

  it("keeps a Node's own podCIDRs out where blocks say otherwise", () => {
    const node = (name: string, internal: string) => ({
      metadata: { name },
      spec: { podCIDRs: ["10.244.0.0/24"] },
      status: { addresses: [{ type: "InternalIP", address: internal }] },
    });
    const nodes = [node("n1", "192.0.2.1"), node("n2", "192.0.2.2")];
    const read = ownNodes(nodes, new Map([["n1", ["10.244.1.0/26"]]]));
    expect(read.nodes).toEqual([
      { name: "n1", ips: ["192.0.2.1"], podCIDRs: ["10.244.1.0/26"] },
      { name: "n2", ips: ["192.0.2.2"] },
    ]);
    expect(read.origins).toEqual({
      "nodes.ips": "InternalIP (2)",
      "nodes.podCIDRs": "BlockAffinity (1)",
    });
  });
});
