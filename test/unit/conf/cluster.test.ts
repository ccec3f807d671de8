import { describe, expect, test } from "vitest";
import { loadClusters } from "../../../conf/clusters.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

const node = { name: "n1", ips: ["192.168.0.1"] };

/** What is said of one cluster file with these keys. */
function refused(keys: object): { msg: string; details: string | undefined } {
  const folder = writeFiles(temporaryFolder(), {
    "a.json": { name: "a", ...keys },
  });
  const { code, msg, details } = refusal(() => loadClusters(folder), folder);
  expect(code).toBe(7);
  const prefix = 'Cannot use cluster file "DIR/a.json": ';
  expect(msg.slice(0, prefix.length)).toBe(prefix);
  return { msg: msg.slice(prefix.length), details };
}

function accepted(keys: object): void {
  const folder = writeFiles(temporaryFolder(), {
    "a.json": { name: "a", ...keys },
  });
  expect(loadClusters(folder)).toHaveLength(1);
}

describe("keys and types", () => {
  test.each([
    [{ podCidrs: [] }, '/podCidrs: unknown key; did you mean "podCIDRs"?'],
    [{ podCIDR: [] }, '/podCIDR: unknown key; did you mean "podCIDRs"?'],
    [
      { _: "a comment" },
      '/_: unknown key; known keys are "name", "cni", "mode", "ipFamily", "podCIDRs", "serviceCIDRs", "globalCIDRs", "nodes", "encryption", "encap", "keying", "managedBy", "ca", "crl"',
    ],
    [{ name: undefined }, "/name: is missing"],
    [
      { name: "a b" },
      '/name: is "a b", want a letter or digit, then up to 252 letters, digits, ".", "_" or "-"',
    ],
    [
      { cni: "cilium" },
      '/cni: is "cilium", want one of "calico", "flannel", "globalrouter", "other"',
    ],
    [{ mode: "P2P" }, '/mode: is "P2P", want one of "p2p", "gateway"'],
    [
      { ipFamily: "dual" },
      '/ipFamily: is "dual", want one of "ipv4", "ipv6", "all"',
    ],
    [{ podCIDRs: "10.0.0.0/24" }, '/podCIDRs: is "10.0.0.0/24", want an array'],
    [{ podCIDRs: [24] }, "/podCIDRs/0: is 24, want a string"],
    [
      { globalCIDRs: ["10.0.0.0/24"] },
      "/globalCIDRs: is an array, want an object",
    ],
    [{ nodes: [{ name: "n1" }] }, "/nodes/0/ips: is missing"],
    [
      { nodes: [{ name: "n1", ips: [] }] },
      "/nodes/0/ips: is empty, want at least one entry",
    ],
    [
      { nodes: [{ name: "n1", ips: "192.168.0.1" }] },
      '/nodes/0/ips: is "192.168.0.1", want an array',
    ],
    [
      { nodes: [node, { ...node, elasticIp: "1.2.3.4" }] },
      '/nodes/1/elasticIp: unknown key; did you mean "elasticIP"?',
    ],
    [
      { nodes: [{ ...node, gateway: "yes" }] },
      '/nodes/0/gateway: is "yes", want a boolean',
    ],
    [{ encryption: "aes" }, '/encryption: is "aes", want one of "esp", "none"'],
    [{ encap: "UDP" }, '/encap: is "UDP", want one of "esp", "udp"'],
    [{ overlay: "auto" }, "/overlay: is no longer a key"],
  ])("loadClusters() refuses %j", (keys, message) => {
    expect(refused(keys).msg).toBe(message);
  });

  test("loadClusters() refuses a document that is no object", () => {
    const folder = writeFiles(temporaryFolder(), { "a.json": [] });
    expect(refusal(() => loadClusters(folder), folder).msg).toBe(
      'Cannot use cluster file "DIR/a.json": is an array, want an object',
    );
  });
});

describe("networks", () => {
  test("loadClusters() gives the right form where host bits are set", () => {
    expect(refused({ podCIDRs: ["10.0.0.0/24", "10.0.1.1/24"] })).toEqual({
      msg: '/podCIDRs/1: "10.0.1.1/24" has bits set after its first 24: the network is "10.0.1.0/24"',
      details: "line 5, column 5; correct the value",
    });
  });

  test.each([
    [
      { podCIDRs: ["10.0.0.0"] },
      '/podCIDRs/0: "10.0.0.0" is not a CIDR: it has no prefix length, such as "10.0.0.0/24"',
    ],
    [
      { serviceCIDRs: ["10.0.0.0/40"] },
      '/serviceCIDRs/0: "10.0.0.0/40" is not a CIDR: its prefix length must be 0 to 32',
    ],
    [
      { podCIDRs: ["0.0.0.0/0"] },
      '/podCIDRs/0: "0.0.0.0/0" overlaps 0.0.0.0/8, which no machine can have',
    ],
    [
      { podCIDRs: ["64.0.0.0/2"] },
      '/podCIDRs/0: "64.0.0.0/2" overlaps 127.0.0.0/8, the loopback addresses',
    ],
    [
      { podCIDRs: ["fe80::/64"] },
      '/podCIDRs/0: "fe80::/64" overlaps fe80::/10, link-local',
    ],
    [
      { nodes: [{ ...node, podCIDRs: ["127.0.0.0/24"] }] },
      '/nodes/0/podCIDRs/0: "127.0.0.0/24" overlaps 127.0.0.0/8, the loopback addresses',
    ],
    [
      { ipFamily: "ipv4", podCIDRs: ["10.0.0.0/24", "fd00::/64"] },
      '/podCIDRs/1: "fd00::/64" is not ipv4, which "ipFamily" asks for',
    ],
    [
      { ipFamily: "ipv6", serviceCIDRs: ["10.96.0.0/12"] },
      '/serviceCIDRs/0: "10.96.0.0/12" is not ipv6, which "ipFamily" asks for',
    ],
    [
      { podCIDRs: ["10.0.0.0/16", "10.0.9.0/24"] },
      '/podCIDRs/1: "10.0.9.0/24" overlaps "10.0.0.0/16" at /podCIDRs/0',
    ],
    [
      { podCIDRs: ["10.0.9.0/24", "10.0.0.0/16"] },
      '/podCIDRs/0: "10.0.9.0/24" overlaps "10.0.0.0/16" at /podCIDRs/1',
    ],
    [
      { podCIDRs: ["10.0.0.0/24", "10.0.0.0/24"] },
      '/podCIDRs/1: "10.0.0.0/24" overlaps "10.0.0.0/24" at /podCIDRs/0',
    ],
    [
      { podCIDRs: ["10.96.0.0/16"], serviceCIDRs: ["10.96.0.0/12"] },
      '/podCIDRs/0: "10.96.0.0/16" overlaps "10.96.0.0/12" at /serviceCIDRs/0',
    ],
  ])("loadClusters() refuses %j", (keys, message) => {
    expect(refused(keys).msg).toBe(message);
  });

  test("loadClusters() lets nodes have addresses of the other family than pods", () => {
    accepted({ ipFamily: "ipv6", podCIDRs: ["fd00::/64"], nodes: [node] });
  });
});

describe("nodes", () => {
  const pods = { podCIDRs: ["10.0.0.0/16"] };
  test.each([
    [
      [node, { name: "n1", ips: ["192.168.0.2"] }],
      '/nodes/1/name: "n1" is the name of /nodes/0 too',
    ],
    [
      [node, { name: "n2", ips: ["192.168.0.9", "192.168.0.1"] }],
      '/nodes/1/ips/1: "192.168.0.1" is at /nodes/0/ips/0 too',
    ],
    [
      [{ name: "n1", ips: ["fd00::1", "FD00:0::1"] }],
      '/nodes/0/ips/1: "fd00::1" is at /nodes/0/ips/0 too',
    ],
    [
      [node, { name: "n2", ips: ["192.168.0.2"], elasticIP: "192.168.0.1" }],
      '/nodes/1/elasticIP: "192.168.0.1" is at /nodes/0/ips/0 too',
    ],
    [
      [{ name: "n1", ips: ["vm-0-7"] }],
      '/nodes/0/ips/0: "vm-0-7" is not an IP address',
    ],
    [
      [{ name: "n1", ips: ["127.0.1.1"] }],
      '/nodes/0/ips/0: "127.0.1.1" is in 127.0.0.0/8, the loopback addresses',
    ],
    [
      [{ ...node, elasticIP: "0.0.0.0" }],
      '/nodes/0/elasticIP: "0.0.0.0" is in 0.0.0.0/8, which no machine can have',
    ],
    [
      [{ ...node, elasticIP: "" }],
      '/nodes/0/elasticIP: "" is not an IP address',
    ],
    [
      [{ ...node, elasticIP: "1.2.3.4/32" }],
      '/nodes/0/elasticIP: "1.2.3.4/32" is not an IP address',
    ],
    [
      [{ ...node, podCIDRs: ["10.1.0.0/24"] }],
      `/nodes/0/podCIDRs/0: "10.1.0.0/24" is not a part of the cluster's own podCIDRs`,
    ],
    [
      [{ ...node, podCIDRs: ["10.0.0.0/8"] }],
      `/nodes/0/podCIDRs/0: "10.0.0.0/8" is not a part of the cluster's own podCIDRs`,
    ],
    [
      [
        { ...node, podCIDRs: ["10.0.1.0/24"] },
        { name: "n2", ips: ["192.168.0.2"], podCIDRs: ["10.0.1.128/25"] },
      ],
      '/nodes/1/podCIDRs/0: "10.0.1.128/25" overlaps "10.0.1.0/24" at /nodes/0/podCIDRs/0',
    ],
  ])("loadClusters() refuses the nodes %j", (nodes, message) => {
    expect(refused({ ...pods, nodes }).msg).toBe(message);
  });

  test("loadClusters() takes a public address that is on the node's own card", () => {
    accepted({
      ...pods,
      nodes: [{ name: "n1", ips: ["203.0.113.7"], elasticIP: "203.0.113.7" }],
    });
  });

  test("loadClusters() takes nodes' pod CIDRs without the cluster's", () => {
    accepted({ nodes: [{ ...node, podCIDRs: ["10.0.1.0/24"] }] });
  });
});

describe("globalCIDRs", () => {
  const podCIDRs = ["10.0.0.0/24", "10.0.1.0/24"];
  test.each([
    [
      { "10.0.2.0/24": "100.80.0.0/24" },
      `/globalCIDRs/10.0.2.0~124: "10.0.2.0/24" is not one of the cluster's podCIDRs`,
    ],
    [
      { "10.0.0.0/16": "100.80.0.0/16" },
      `/globalCIDRs/10.0.0.0~116: "10.0.0.0/16" is not one of the cluster's podCIDRs`,
    ],
    [
      { "10.0.0.0/24": "100.80.0.0/16" },
      '/globalCIDRs/10.0.0.0~124: "100.80.0.0/16" is not of the same size as "10.0.0.0/24"',
    ],
    [
      { "10.0.0.0/24": "fd00::/24" },
      '/globalCIDRs/10.0.0.0~124: "fd00::/24" is not of the same size as "10.0.0.0/24"',
    ],
    [
      { "10.0.0.0/24": "100.80.0.1/24" },
      '/globalCIDRs/10.0.0.0~124: "100.80.0.1/24" has bits set after its first 24: the network is "100.80.0.0/24"',
    ],
    [
      { pods: "100.80.0.0/24" },
      '/globalCIDRs/pods: "pods" is not an IP address',
    ],
    [
      { "10.0.0.0/24": "10.0.1.0/24" },
      '/podCIDRs/1: "10.0.1.0/24" overlaps "10.0.1.0/24" at /globalCIDRs/10.0.0.0~124',
    ],
    [
      { "10.0.0.0/24": "100.80.0.0/24", "10.0.1.0/24": "100.80.0.0/24" },
      '/globalCIDRs/10.0.1.0~124: "100.80.0.0/24" overlaps "100.80.0.0/24" at /globalCIDRs/10.0.0.0~124',
    ],
  ])("loadClusters() refuses %j", (globalCIDRs, message) => {
    expect(refused({ podCIDRs, globalCIDRs }).msg).toBe(message);
  });

  test("loadClusters() takes a map to itself, and one that swaps", () => {
    accepted({ podCIDRs, globalCIDRs: { "10.0.0.0/24": "10.0.0.0/24" } });
    accepted({
      podCIDRs,
      globalCIDRs: {
        "10.0.0.0/24": "10.0.1.0/24",
        "10.0.1.0/24": "10.0.0.0/24",
      },
    });
  });
});

describe("shapes", () => {
  test("loadClusters() refuses gateway mode without a gateway", () => {
    expect(
      refused({ mode: "gateway", podCIDRs: ["10.0.0.0/24"], nodes: [node] }),
    ).toEqual({
      msg: '/nodes: no node has "gateway": true, which "mode": "gateway" needs',
      details:
        'line 7, column 12; add "gateway": true to the nodes that shall hold the tunnels',
    });
  });

  test("loadClusters() refuses gateway mode without pod CIDRs", () => {
    expect(
      refused({ mode: "gateway", nodes: [{ ...node, gateway: true }] }),
    ).toEqual({
      msg: `/podCIDRs: is empty, but with "mode": "gateway" tunnels carry the whole cluster's podCIDRs`,
      details: "line 1, column 1; write the cluster's pod CIDRs",
    });
  });

  test("loadClusters() takes none for the gateway in use that is no gateway", () => {
    const gateway = { ...node, gateway: true };
    accepted({ nodes: [{ ...gateway, active: true }] });
    accepted({ nodes: [{ ...node, active: false }] });
    expect(refused({ nodes: [{ ...node, active: true }] })).toMatchObject({
      msg: "/nodes/0/active: is true, and the node is no gateway",
      details: expect.stringContaining(
        'add "gateway": true to the node, or remove "active"',
      ),
    });
  });

  test("loadClusters() takes a node that initiates by IKE alone, and at no public address", () => {
    const initiating = { ...node, initiate: true };
    accepted({ keying: "ike", nodes: [initiating] });
    accepted({ nodes: [{ ...node, initiate: false }] });
    expect(refused({ nodes: [initiating] })).toEqual({
      msg: '/nodes/0/initiate: is true, and "keying" is not "ike"',
      details: expect.stringContaining(
        'add "keying": "ike" to the file, or remove "initiate"',
      ) as string,
    });
    const elasticIP = "203.0.113.1";
    expect(
      refused({ keying: "ike", nodes: [{ ...initiating, elasticIP }] }).msg,
    ).toBe(
      '/nodes/0/initiate: is true, and the node has the elasticIP "203.0.113.1", at which others reach it',
    );
  });

  test("loadClusters() takes a plain network, with and without a router", () => {
    const lan = { encryption: "none", podCIDRs: ["192.168.10.0/24"] };
    accepted(lan);
    accepted({ ...lan, nodes: [{ name: "router", ips: ["192.168.0.254"] }] });
    expect(refused({ encryption: "none" }).msg).toBe(
      "/podCIDRs: is empty, but a plain network consists of its podCIDRs",
    );
  });
});
