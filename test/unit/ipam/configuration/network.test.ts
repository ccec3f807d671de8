import { describe, expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import type { Request } from "../../../../cni/request.ts";
import { parseCidr } from "../../../../ip/cidr.ts";
import { readConfiguration } from "../../../../ipam/configuration/network.ts";
import { rangeText } from "../../../../ipam/configuration/range.ts";
import { resolveRanges } from "../../../../ipam/configuration/ranges.ts";

function request(config: object, args: Record<string, string> = {}): Request {
  return {
    command: "ADD",
    containerId: "c",
    netns: "",
    ifname: "eth0",
    args: new Map(Object.entries(args)),
    path: "",
    version: "1.0.0",
    config: { name: "podnet", ...config },
  };
}

/** The ranges of a configuration as text, set by set. */
function rangesOf(
  config: object,
  version = "1.0.0",
  podCidrs: readonly string[] = [],
) {
  const { sources } = readConfiguration(request(config));
  const facts = { version, podCidrs: () => podCidrs.map(parseCidr) };
  return resolveRanges(sources, facts).map((set) =>
    set.map(
      (range) =>
        `${range.subnet.text} ${rangeText(range)} via ${range.gateway.text}`,
    ),
  );
}

function errorOf(work: () => unknown): CniError {
  try {
    work();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("readConfiguration()", () => {
  it("fills in host-local's defaults", () => {
    const ipam = { subnet: "10.1.2.0/24" };
    expect(rangesOf({ ipam })).toEqual([
      ["10.1.2.0/24 10.1.2.1-10.1.2.254 via 10.1.2.1"],
    ]);
    expect(readConfiguration(request({ ipam })).directory).toBe(
      "/var/lib/cni/networks/podnet",
    );
  });

  it.each([
    ["10.1.2.0/30", "10.1.2.0/30 10.1.2.1-10.1.2.2 via 10.1.2.1"],
    ["fd00::/64", "fd00::/64 fd00::1-fd00::ffff:ffff:ffff:ffff via fd00::1"],
    ["fd00::/126", "fd00::/126 fd00::1-fd00::3 via fd00::1"],
    ["0.0.0.0/0", "0.0.0.0/0 0.0.0.1-255.255.255.254 via 0.0.0.1"],
  ])("takes all of %s but what is not for hosts", (subnet, expected) => {
    expect(rangesOf({ ipam: { subnet } })).toEqual([[expected]]);
  });

  it("puts runtimeConfig.ipRanges first, then subnet, then ranges", () => {
    const config = {
      runtimeConfig: { ipRanges: [[{ subnet: "10.3.0.0/24" }]] },
      ipam: { subnet: "10.1.0.0/24", ranges: [[{ subnet: "10.2.0.0/24" }]] },
    };
    expect(rangesOf(config).map(([first]) => first?.split(" ")[0])).toEqual([
      "10.3.0.0/24",
      "10.1.0.0/24",
      "10.2.0.0/24",
    ]);
  });

  it("reads keys whatever their case, and null as absent, as Go does", () => {
    const ipam = {
      Subnet: "10.1.2.0/24",
      GATEWAY: "10.1.2.9",
      rangeEnd: null,
      routes: null,
      ranges: null,
    };
    expect(rangesOf({ IPAM: ipam })).toEqual([
      ["10.1.2.0/24 10.1.2.1-10.1.2.254 via 10.1.2.9"],
    ]);
  });

  it("takes a gateway outside of the subnet, as host-local does", () => {
    const ipam = { subnet: "10.1.2.0/24", gateway: "fe80::1" };
    expect(rangesOf({ ipam })).toEqual([
      ["10.1.2.0/24 10.1.2.1-10.1.2.254 via fe80::1"],
    ]);
  });

  it("collects requested addresses from all three places, each once", () => {
    const config = {
      ipam: { subnet: "10.1.2.0/24" },
      args: { cni: { ips: ["10.1.2.4/24", "10.1.2.5"] } },
      runtimeConfig: { ips: ["10.1.2.5/16", "::ffff:10.1.2.6"] },
    };
    const { requested } = readConfiguration(
      request(config, { IP: "10.1.2.3" }),
    );
    expect(requested.map(({ text }) => text)).toEqual([
      "10.1.2.3",
      "10.1.2.4",
      "10.1.2.5",
      "10.1.2.6",
    ]);
  });

  it("reads routes", () => {
    const routes = [
      { dst: "0.0.0.0/0" },
      { dst: "10.0.0.7/8", gw: "10.1.2.1", mtu: 1400 },
    ];
    expect(readConfiguration(request({ ipam: { routes } })).routes).toEqual(
      routes,
    );
  });

  it.each<[string, object, string]>([
    ["no ipam section", {}, "/ipam: the key is missing"],
    [
      "an ipam section that is a list",
      { ipam: [] },
      "/ipam: it is an array, want an object",
    ],
    [
      "a subnet that is none",
      { ipam: { subnet: "10.1.2.0" } },
      '/ipam/subnet: "10.1.2.0" is not a CIDR',
    ],
    [
      "a number as subnet",
      { ipam: { subnet: 7 } },
      "/ipam/subnet: it is 7, want a string",
    ],
    [
      "host bits",
      { ipam: { ranges: [[{ subnet: "10.1.2.3/24" }]] } },
      '/ipam/ranges/0/0/subnet: "10.1.2.3/24" has bits set after its first 24: the network is "10.1.2.0/24"',
    ],
    [
      "a small subnet",
      { ipam: { subnet: "10.1.2.0/31" } },
      '/ipam/subnet: network "10.1.2.0/31" is too small to allocate from',
    ],
    [
      "a small subnet of IPv6",
      { ipam: { subnet: "fd00::/127" } },
      "too small to allocate from",
    ],
    [
      "an empty set",
      { ipam: { ranges: [[]] } },
      "/ipam/ranges/0: empty range set",
    ],
    [
      "a null set",
      { ipam: { ranges: [null] } },
      "/ipam/ranges/0: empty range set",
    ],
    [
      "a range without subnet",
      { ipam: { ranges: [[{}]] } },
      "/ipam/ranges/0/0/subnet: ",
    ],
    [
      "a set that is a range",
      { ipam: { ranges: [{ subnet: "10.1.2.0/24" }] } },
      "/ipam/ranges/0: it is an object, want an array",
    ],
    [
      "a start outside",
      { ipam: { subnet: "10.1.2.0/24", rangeStart: "10.1.3.1" } },
      '/ipam/rangeStart: 10.1.3.1 is not in network "10.1.2.0/24"',
    ],
    [
      "an end outside",
      { ipam: { subnet: "10.1.2.0/24", rangeEnd: "fd00::1" } },
      '/ipam/rangeEnd: fd00::1 is not in network "10.1.2.0/24"',
    ],
    [
      "a range backwards",
      {
        ipam: {
          subnet: "10.1.2.0/24",
          rangeStart: "10.1.2.9",
          rangeEnd: "10.1.2.8",
        },
      },
      "the range 10.1.2.9-10.1.2.8 ends before it starts",
    ],
    [
      "a gateway that is none",
      { ipam: { subnet: "10.1.2.0/24", gateway: "gw" } },
      '/ipam/gateway: "gw" is not an IP address',
    ],
    [
      "a route without destination",
      { ipam: { routes: [{ gw: "10.1.2.1" }] } },
      "/ipam/routes/0/dst: ",
    ],
    [
      "routes that are an object",
      { ipam: { routes: {} } },
      "/ipam/routes: it is an object, want an array",
    ],
    [
      "a fraction as mtu",
      { ipam: { routes: [{ dst: "::/0", mtu: 1.5 }] } },
      "/ipam/routes/0/mtu: it is no integer",
    ],
    [
      "a requested address that is none",
      { ipam: {}, args: { cni: { ips: ["x"] } } },
      '/args/cni/ips/0: "x" is not an IP address',
    ],
    [
      "a null requested address",
      { ipam: {}, runtimeConfig: { ips: [null] } },
      "/runtimeConfig/ips/0: it is null, want a string",
    ],
    [
      "dataDir that is a list",
      { ipam: { dataDir: [] } },
      "/ipam/dataDir: it is an array, want a string",
    ],
    [
      "auto with a gateway",
      { ipam: { subnet: "auto", gateway: "10.1.2.1" } },
      '/ipam/gateway: it cannot go with "subnet": "auto"',
    ],
  ])("refuses %s", (_, config, message) => {
    const error = errorOf(() => readConfiguration(request(config)));
    expect(error.code).toBe(7);
    expect(error.message).toContain(message);
  });

  it("refuses an argument that it does not know", () => {
    const config = { ipam: { subnet: "10.1.2.0/24" } };
    expect(
      errorOf(() => readConfiguration(request(config, { FOO: "1" }))).code,
    ).toBe(4);
    const ignored = { FOO: "1", IgnoreUnknown: "true" };
    expect(readConfiguration(request(config, ignored)).requested).toEqual([]);
  });
});

describe("resolveRanges()", () => {
  it.each<[string, object, string]>([
    [
      "mixed families",
      { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "fd00::/64" }]] },
      "Cannot use range set 0: mixed address families",
    ],
    [
      "an overlap within a set",
      { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "10.1.2.0/25" }]] },
      "Cannot use range set 0: 10.1.2.1-10.1.2.254 and 10.1.2.1-10.1.2.126 overlap",
    ],
    [
      "an overlap of sets",
      {
        subnet: "10.1.0.0/16",
        ranges: [[{ subnet: "10.2.0.0/16" }], [{ subnet: "10.1.9.0/24" }]],
      },
      "Cannot use range set 0: it overlaps with range set 2",
    ],
    ["no ranges and no mesh", {}, "no IP ranges specified"],
  ])("refuses %s", (_, ipam, message) => {
    const error = errorOf(() => rangesOf({ ipam }));
    expect(error.code).toBe(7);
    expect(error.message).toContain(message);
  });

  it("takes parts of one subnet that do not overlap", () => {
    const halves = [
      { subnet: "10.1.2.0/24", rangeEnd: "10.1.2.127" },
      { subnet: "10.1.2.0/24", rangeStart: "10.1.2.128" },
    ];
    expect(rangesOf({ ipam: { ranges: [halves] } })[0]).toHaveLength(2);
  });

  it.each(["0.1.0", "0.2.0"])(
    "refuses two addresses of a family in CNI %s",
    (version) => {
      const ranges = [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.1.3.0/24" }]];
      expect(
        errorOf(() => rangesOf({ ipam: { ranges } }, version)).message,
      ).toContain(
        `CNI version ${version} does not support more than 1 address per family`,
      );
      const both = [[{ subnet: "10.1.2.0/24" }], [{ subnet: "fd00::/64" }]];
      expect(rangesOf({ ipam: { ranges: both } }, version)).toHaveLength(2);
    },
  );

  it.each([{ subnet: "auto" }, {}])(
    "makes a set a family of the node's pod CIDRs for %j",
    (ipam) => {
      const cidrs = ["fd00:1::/64", "10.1.2.0/24", "10.1.9.0/26"];
      expect(rangesOf({ ipam }, "1.0.0", cidrs)).toEqual([
        [
          "10.1.2.0/24 10.1.2.1-10.1.2.254 via 10.1.2.1",
          "10.1.9.0/26 10.1.9.1-10.1.9.62 via 10.1.9.1",
        ],
        ["fd00:1::/64 fd00:1::1-fd00:1::ffff:ffff:ffff:ffff via fd00:1::1"],
      ]);
    },
  );
});
