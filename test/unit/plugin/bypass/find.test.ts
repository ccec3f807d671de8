import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../ip/cidr.ts";
import { parseAddress } from "../../../../ip/cidr.ts";
import type { Link } from "../../../../native/route/link.ts";
import type { Route } from "../../../../native/route/route.ts";
import type { ObservedPolicy } from "../../../../native/xfrm/sp.ts";
import type { BypassFacts } from "../../../../plugin/bypass/bypass.ts";
import {
  deviceRoles,
  type DeviceRole,
} from "../../../../plugin/bypass/devices.ts";
import { findBypasses } from "../../../../plugin/bypass/find.ts";

const CLEAN: BypassFacts = {
  remotes: [parseCidr("10.1.0.0/16"), parseCidr("fd0b::/64")],
  locals: [parseCidr("10.0.0.0/16"), parseCidr("fd0a::/64")],
  protecting: [],
  policies: [],
  blockedByDefault: [],
  devices: [],
  switchedOff: new Set(),
  filters: new Map(),
  programs: [],
  flowtables: [],
  forwarders: [],
  copiers: [],
  routes: [],
  ipvs: undefined,
};

function found(facts: Partial<BypassFacts>): string[] {
  return findBypasses({ ...CLEAN, ...facts }).map(
    ({ kind, severity }) => `${kind} ${severity}`,
  );
}

function route(destination: string, more: Partial<Route>): Route {
  const { bytes: address, prefix: length } = parseCidr(destination);
  const common = { table: 254, protocol: 3, scope: 0, type: 1 };
  return { destination: { address, length }, ...common, ...more };
}

function link(index: number, more: Partial<Link> = {}): Link {
  const name = `d${String(index)}`;
  const common = { mtu: 1500, up: true, address: new Uint8Array(6), type: 1 };
  return { index, name, flags: 0, ...common, ...more };
}

function device(role: DeviceRole, more: Partial<Link> = {}) {
  return { role, link: link(7, more) };
}

function allow(
  source: string,
  destination: string,
  priority: number,
): ObservedPolicy {
  const prefix = (text: string) => {
    const { bytes: address, prefix: length } = parseCidr(text);
    return { address, length };
  };
  const current = {
    bytes: 0n,
    packets: 0n,
    addTimeSeconds: 0n,
    useTimeSeconds: 0n,
  };
  return {
    selector: { source: prefix(source), destination: prefix(destination) },
    direction: "out",
    action: "allow",
    priority,
    templates: [],
    index: 9,
    current,
    foreign: [],
  };
}

describe("findBypasses()", () => {
  it("finds nothing on a clean node, nor where nothing is encrypted", () => {
    expect(found({})).toEqual([]);
    const policies = [allow("0.0.0.0/0", "0.0.0.0/0", 1)];
    expect(found({ policies })).toEqual(["policy open"]);
    expect(found({ policies, remotes: [] })).toEqual([]);
  });

  it("spares a policy that is asked only after the tunnel that takes all of it", () => {
    const tunnel = allow("10.0.0.0/16", "10.1.0.0/16", 17200);
    const protecting = [tunnel];
    const covered = [allow("10.0.5.0/24", "10.1.5.0/24", 17250)];
    expect(found({ protecting, policies: covered })).toEqual([]);
    const wider = [allow("0.0.0.0/0", "10.1.5.0/24", 17250)];
    expect(found({ protecting, policies: wider })).toEqual(["policy open"]);
    const before = [allow("10.0.5.0/24", "10.1.5.0/24", 17100)];
    expect(found({ protecting, policies: before })).toEqual(["policy open"]);
  });

  it("names ten of a kind and counts the others", () => {
    const policies = Array.from({ length: 25 }, (_, index) =>
      allow("10.0.0.0/16", `10.1.${String(index)}.0/24`, 1),
    );
    const bypasses = findBypasses({ ...CLEAN, policies });
    expect(bypasses).toHaveLength(11);
    expect(bypasses.at(-1)?.sentence).toContain("15 more");
  });

  it("IPVS without conntrack is open where a server is in a remote CIDR", () => {
    const near = parseAddress("10.0.0.5").bytes;
    const far = parseAddress("fd0b::5").bytes;
    const ipvs = (conntrack: boolean, ...servers: Uint8Array[]) =>
      found({ ipvs: { conntrack, servers } });
    expect(ipvs(false, near)).toEqual(["ipvs weak"]);
    expect(ipvs(false, near, far)).toEqual(["ipvs open"]);
    expect(ipvs(true, near, far)).toEqual([]);
  });

  it("names a server of several services of IPVS once", () => {
    const far = parseAddress("10.1.0.5").bytes;
    const ipvs = { conntrack: false, servers: [far, far] };
    const [bypass] = findBypasses({ ...CLEAN, ipvs });
    expect(bypass?.sentence).toContain("servers 10.1.0.5 passes xfrm");
  });

  it("names a flowtable whose devices carry pods' packets", () => {
    const table = { family: 1, table: "t", name: "f" };
    const flowtables = [{ ...table, devices: ["d7"] }];
    for (const role of ["uplink", "pod", "bridge"] as const)
      expect(found({ flowtables, devices: [device(role)] })).toEqual([
        "flowtable weak",
      ]);
    expect(found({ flowtables, devices: [device("other")] })).toEqual([]);
  });

  it("names pods at ports of Open vSwitch", () => {
    const bridge = {
      role: "other" as const,
      link: link(8, { kind: "openvswitch" }),
    };
    expect(found({ devices: [device("pod", { master: 8 }), bridge] })).toEqual([
      "switch weak",
    ]);
    expect(found({ devices: [device("pod", { master: 9 }), bridge] })).toEqual(
      [],
    );
  });

  it("names a netkit device's programs", () => {
    const program = { id: 3, name: "cil_from_contai" };
    expect(
      found({
        devices: [device("pod", { kind: "netkit" })],
        programs: [
          { index: 7, where: "netkit", program, redirects: undefined },
        ],
      }),
    ).toEqual(["program open"]);
  });

  it("names IPv6's switch for the node's own devices", () => {
    const xfrmSwitches = {
      disableXfrm: false,
      disablePolicy: false,
      disablePolicyIpv6: true,
    };
    expect(found({ devices: [device("uplink", { xfrmSwitches })] })).toEqual([
      "sysctl weak",
    ]);
    const remotes = [parseCidr("10.1.0.0/16")];
    expect(
      found({ remotes, devices: [device("uplink", { xfrmSwitches })] }),
    ).toEqual([]);
  });
});

describe("deviceRoles()", () => {
  it("tells pods' ends, their bridges, ways out and VPNs' tunnels apart", () => {
    const links = [
      link(1, { name: "lo" }),
      link(2),
      link(3, { kind: "veth", peerNetnsId: 0, master: 4 }),
      link(4, { kind: "bridge" }),
      link(5, { kind: "vti" }),
      link(6, { kind: "veth", peerIndex: 9 }),
      link(7),
    ];
    const route = {
      destination: { address: new Uint8Array(4), length: 0 },
      gateway: Uint8Array.of(192, 0, 2, 1),
      ...{ table: 254, protocol: 3, scope: 0, type: 1 },
    };
    const routes = [2, 5].map((outputInterface) => ({
      ...route,
      outputInterface,
    }));
    expect(
      deviceRoles(links, routes, [7]).map(({ link: { index }, role }) => [
        index,
        role,
      ]),
    ).toEqual([
      [2, "uplink"],
      [3, "pod"],
      [4, "bridge"],
      [5, "tunnel"],
      [6, "other"],
      [7, "uplink"],
    ]);
  });

  // LWTUNNEL_ENCAP_*: include/uapi/linux/lwtunnel.h.
  it.each<[string, number, string, string[]]>([
    ["mpls", 1, "10.1.0.0/16", []],
    ["ip", 2, "10.1.0.0/16", []],
    ["ila", 3, "fd0b::/64", ["route open"]],
    ["seg6", 5, "0.0.0.0/0", ["route open"]],
    ["bpf", 6, "10.1.7.0/24", ["route open"]],
    ["bpf", 6, "10.9.0.0/16", []],
    ["seg6local", 7, "fd99::1/128", ["route weak"]],
    ["rpl", 8, "fd0b::/64", ["route open"]],
    ["ioam6", 9, "fd0b::/64", ["route open"]],
  ])("a route that wraps by %s (%i), to %s", (_, encapsulation, to, said) => {
    const hop = { outputInterface: 7, weight: 1 };
    const nextHops = [hop, { ...hop, encapsulation }];
    expect(found({ routes: [route(to, { encapsulation })] })).toEqual(said);
    expect(found({ routes: [route(to, { nextHops })] })).toEqual(said);
    const routes = [route("0.0.0.0/0", {}), route("::/0", {})];
    expect(found({ routes })).toEqual([]);
  });
});
