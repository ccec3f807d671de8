import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import type { Link } from "../../../../../native/index.ts";
import { atDevices } from "../../../../../plugin/netfilter/trace/at-devices.ts";
import type { Flow } from "../../../../../plugin/netfilter/trace/flow.ts";
import { flowDevices } from "../../../../../plugin/node/flows.ts";

const link = (index: number, name: string, more: Partial<Link> = {}): Link => ({
  index,
  name,
  mtu: 1500,
  up: true,
  address: new Uint8Array(6),
  type: 1,
  flags: 1,
  ...more,
});

/** A VLAN on a bond of two ports, a bridge with two pods, and another namespace's VLAN whose device below is not here. */
const devices = flowDevices([
  link(2, "eth0", { master: 4 }),
  link(3, "eth1", { master: 4 }),
  link(4, "bond0", { kind: "bond" }),
  link(5, "bond0.7", { kind: "vlan", peerIndex: 4 }),
  link(6, "br0", { kind: "bridge" }),
  link(7, "vetha", { kind: "veth", master: 6, peerIndex: 2, peerNetnsId: 1 }),
  link(8, "vethb", { kind: "veth", master: 6, peerIndex: 2, peerNetnsId: 2 }),
  link(9, "moved.7", { kind: "vlan", peerIndex: 3, peerNetnsId: 0 }),
  link(10, "v0", { kind: "veth", peerIndex: 11 }),
  link(11, "v1", { kind: "veth", peerIndex: 10 }),
]);

const flow = (inputs: number[], outputs: number[]): Flow => ({
  family: 4,
  source: parseCidr("10.0.0.0/24"),
  destination: parseCidr("10.1.0.0/24"),
  inputs: inputs.flatMap(devices),
  outputs: outputs.flatMap(devices),
});

const seen = (
  way: "inputs" | "outputs",
  names: string[],
  { ...given }: Flow,
): [string, string[]] => {
  const { share, flow: here } = atDevices(given, { way, names });
  return [share, here[way].map(({ name }) => name)];
};

describe("atDevices()", () => {
  it.each<[string, string[], number[], [string, string[]]]>([
    ["the device itself", ["bond0.7"], [5], ["all", ["bond0.7"]]],
    ["what a VLAN is on", ["bond0"], [5], ["all", ["bond0"]]],
    ["one port of the bond below", ["eth1"], [5], ["some", ["eth1"]]],
    ["all ports", ["eth0", "eth1"], [5], ["all", ["eth0", "eth1"]]],
    [
      "a bridge's ports by how their names begin",
      ["veth*"],
      [6],
      ["all", ["vetha", "vethb"]],
    ],
    ["one of two devices", ["v0"], [10, 11], ["some", ["v0"]]],
    ["another device", ["eth0"], [6], ["none", []]],
    ["a device below in another namespace", ["eth1"], [9], ["none", []]],
    ["a veth's other end", ["v1"], [10], ["none", []]],
    [
      "anything, where the flow's devices are not known",
      ["eth0"],
      [],
      ["none", []],
    ],
  ])("tells how much of a flow passes %s", (_, names, inputs, expected) => {
    expect(seen("inputs", names, flow(inputs, [2]))).toEqual(expected);
    expect(seen("outputs", names, flow([2], inputs))).toEqual(expected);
  });

  it("sees nothing of what leaves encrypted, but of what comes", () => {
    const sealed = { ...flow([6], [2]), leavesEncrypted: true };
    expect(seen("outputs", ["eth0"], sealed)[0]).toBe("none");
    expect(seen("inputs", ["br0"], sealed)[0]).toBe("all");
  });
});
