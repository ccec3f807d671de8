import { describe, expect, it } from "vitest";
import { parseResult } from "../../../../cni/result.ts";
import { parseAddress } from "../../../../ip/cidr.ts";
import { formatAddress } from "../../../../native/address.ts";
import {
  type PodAddresses,
  podAddresses,
} from "../../../../plugin/pod/addresses.ts";

const HOST = 0;
const NET1 = 2;

/** What is made of these `ips` where eth0 has these addresses; link-local ones have the scope of their link. */
function found(ips: readonly object[], has: readonly string[]): PodAddresses {
  const interfaces = [
    { name: "v0" },
    { name: "eth0", sandbox: "/run/n" },
    { name: "net1", sandbox: "/run/n" },
  ];
  const result = parseResult({ cniVersion: "1.1.0", interfaces, ips }, "1.1.0");
  const addresses = has.map((text) => ({
    index: 2,
    address: parseAddress(text).bytes,
    prefixLength: 32,
    scope: text.startsWith("fe80") ? 253 : 0,
    flags: 0,
  }));
  return podAddresses(result, "eth0", addresses);
}

function texts(addresses: readonly Uint8Array[]): string[] {
  return addresses.map(formatAddress);
}

describe("podAddresses()", () => {
  it.each([
    ["that prevResult gives to it", { interface: 1 }],
    ["that prevResult gives to nobody", {}],
    ["that prevResult gives to another interface", { interface: NET1 }],
    ["that prevResult gives to the host's end", { interface: HOST }],
    ["that prevResult gives to what it does not list", { interface: 9 }],
  ])("are those that the interface has, and %s", (_, owner) => {
    const ips = [{ address: "10.0.0.2/24", ...owner }];
    const { own, absent } = found(ips, ["10.0.0.2", "fe80::2"]);
    expect([texts(own), texts(absent)]).toEqual([["10.0.0.2"], []]);
  });

  it("are none of another interface's, also where prevResult says whose they are not", () => {
    const mine = { address: "10.0.0.2/24", interface: 1 };
    const other = { address: "192.168.7.2/24", interface: NET1 };
    expect(texts(found([mine, other], ["10.0.0.2"]).own)).toEqual(["10.0.0.2"]);
    const unowned = { address: "192.168.7.2/24" };
    expect(texts(found([mine, unowned], ["10.0.0.2"]).own)).toEqual([
      "10.0.0.2",
    ]);
  });

  it("are what the interface has where prevResult is silent about it", () => {
    const net1 = [{ address: "192.168.7.2/24", interface: NET1 }];
    for (const ips of [[], net1]) {
      const { own } = found(ips, ["10.0.0.2", "fd0a::2", "fe80::2"]);
      expect(texts(own)).toEqual(["10.0.0.2", "fd0a::2"]);
    }
  });

  it("tell what prevResult gives to the interface, and it has not", () => {
    const { own, absent } = found(
      [{ address: "10.0.0.3/24", interface: 1 }],
      ["10.0.0.2"],
    );
    expect([texts(own), texts(absent)]).toEqual([[], ["10.0.0.3"]]);
  });

  it("are what prevResult gives to it where it has none that leads beyond its link", () => {
    const mine = { address: "10.0.0.2/24", interface: 1 };
    const other = { address: "192.168.7.2/24", interface: NET1 };
    const { own, absent } = found([mine, other], ["fe80::2"]);
    expect([texts(own), texts(absent)]).toEqual([["10.0.0.2"], []]);
  });

  it.each(["10.A.0.2/32", "10.0.0.2", "10.0.0.2/33", "fd0a::x/64", "/"])(
    'blame the plugin before for "%s": code 6, with its place',
    (address) => {
      expect(() => found([{ address }], [])).toThrow(
        expect.objectContaining({
          code: 6,
          details: expect.stringContaining("/ips/0/address") as string,
        }),
      );
    },
  );

  it("know the interface's IPv6 routers, each once", () => {
    const entry = { address: "fd0a::2/64", gateway: "fe80::1" };
    const ipv4 = { address: "10.0.0.2/24", gateway: "10.0.0.1" };
    const net1 = { address: "fd0b::2/64", gateway: "fe80::b", interface: NET1 };
    expect(
      texts(
        found([entry, entry, ipv4, net1], ["fd0a::2", "10.0.0.2"]).gateways,
      ),
    ).toEqual(["fe80::1"]);
  });

  it("blame the plugin before for a router that is no address", () => {
    const entry = { address: "fd0a::2/64", gateway: "fe80::1::2" };
    expect(() => found([entry], [])).toThrow(
      expect.objectContaining({
        code: 6,
        details: expect.stringContaining("/ips/0/gateway") as string,
      }),
    );
  });
});
