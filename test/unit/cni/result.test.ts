import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { convertResult, parseResult } from "../../../cni/result.ts";
import { supportedVersions } from "../../../cni/version.ts";
import { results } from "../../support/results.ts";

const complete = {
  cniVersion: "1.1.0",
  interfaces: [
    {
      name: "eth0",
      mac: "0a:58:0a:01:00:05",
      sandbox: "/run/netns/pod",
      mtu: 1500,
      socketPath: "/run/vhost.sock",
      pciID: "0000:00:1f.6",
    },
    { name: "veth1" },
  ],
  ips: [
    { address: "10.1.0.5/16", gateway: "10.1.0.1", interface: 0 },
    { address: "2001:db8::5/64", gateway: "2001:db8::1", interface: 0 },
    { address: "10.1.0.6/16" },
  ],
  routes: [
    {
      dst: "0.0.0.0/0",
      gw: "10.1.0.1",
      mtu: 1400,
      advmss: 1360,
      priority: 100,
      table: 42,
      scope: 0,
    },
    { dst: "::/0" },
  ],
  dns: {
    nameservers: ["10.1.0.1"],
    domain: "example.com",
    search: ["a.example", "b.example"],
    options: ["ndots:5"],
  },
};

describe("parseResult()", () => {
  it("reads every field of 1.1.0", () => {
    expect(parseResult(complete, "0.4.0")).toEqual(complete);
  });

  it("reads 0.2.0's pair, each family with its routes", () => {
    const raw = {
      cniVersion: "0.2.0",
      ip4: {
        ip: "10.1.0.5/16",
        gateway: "10.1.0.1",
        routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }],
      },
      ip6: { ip: "2001:db8::5/64", routes: [{ dst: "::/0" }] },
      dns: { domain: "x" },
    };
    expect(parseResult(raw, "0.2.0")).toEqual({
      cniVersion: "0.2.0",
      interfaces: [],
      ips: [
        { address: "10.1.0.5/16", gateway: "10.1.0.1" },
        { address: "2001:db8::5/64" },
      ],
      routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }, { dst: "::/0" }],
      dns: { domain: "x" },
    });
  });

  it("reads 0.3.1's addresses, whose version is told twice", () => {
    const raw = { ips: [{ version: "4", address: "10.1.0.5/16" }] };
    expect(parseResult(raw, "0.3.1").ips).toEqual([{ address: "10.1.0.5/16" }]);
  });

  it("takes the configuration's version where the result has none", () => {
    expect(parseResult({}, "0.3.1").cniVersion).toBe("0.3.1");
    expect(parseResult({ cniVersion: "" }, "0.2.0").cniVersion).toBe("0.2.0");
    expect(parseResult({ ip4: { ip: "10.0.0.1/8" } }, "0.1.0").ips).toEqual([
      { address: "10.0.0.1/8" },
    ]);
  });

  it("takes null for absent and ignores unknown keys", () => {
    const raw = {
      interfaces: null,
      ips: [{ address: "10.0.0.1/8", gateway: null, interface: null, x: 1 }],
      routes: null,
      dns: null,
      extra: {},
    };
    expect(parseResult(raw, "1.0.0")).toEqual({
      cniVersion: "1.0.0",
      interfaces: [],
      ips: [{ address: "10.0.0.1/8" }],
      routes: [],
      dns: {},
    });
  });

  it.each([
    [null, "it is null, want an object"],
    [[], "it is an array, want an object"],
    [{ ips: {} }, "/ips is an object, want an array"],
    [{ ips: [5] }, "/ips/0 is 5, want an object"],
    [{ ips: [{}] }, "/ips/0/address is"],
    [{ ips: [{ address: 5 }] }, "/ips/0/address is 5, want a string"],
    [
      { ips: [{ address: "a/1", interface: 1.5 }] },
      "/ips/0/interface is 1.5, want an integer",
    ],
    [{ interfaces: [{ name: [] }] }, "/interfaces/0/name is an array"],
    [{ routes: [{ dst: "a/1", mtu: "1" }] }, '/routes/0/mtu is "1"'],
    [{ routes: [{ gw: "a" }] }, "/routes/0/dst is"],
    [{ dns: { search: ["a", 5] } }, "/dns/search/1 is 5, want a string"],
    [{ dns: { domain: {} } }, "/dns/domain is an object"],
    [{ cniVersion: 1 }, "/cniVersion is 1"],
  ])("refuses %j with code 6 and the pointer", (raw, message) => {
    expect(() => parseResult(raw, "1.0.0")).toThrow(
      expect.objectContaining({
        code: 6,
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it("refuses a version that is not supported with code 1", () => {
    expect(() => parseResult({ cniVersion: "2.0.0" }, "1.0.0")).toThrow(
      expect.objectContaining({ code: 1 }) as Error,
    );
  });

  it("never fails with anything but a CniError", () => {
    const versions = fc.constantFrom(...supportedVersions, "9");
    const keys = ["interfaces", "ips", "routes", "dns", "ip4", "ip6"];
    const mangled = fc.record(
      Object.fromEntries(keys.map((key) => [key, fc.jsonValue()])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), mangled),
        versions,
        (raw, version) => {
          try {
            parseResult(raw, version);
          } catch (error) {
            expect(error).toBeInstanceOf(CniError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("convertResult()", () => {
  const result = parseResult(complete, "1.1.0");

  it("keeps everything in 1.1.0 and, as libcni does, in 1.0.0", () => {
    expect(convertResult(result, "1.1.0")).toEqual(complete);
    expect(convertResult(result, "1.0.0")).toEqual({
      ...complete,
      cniVersion: "1.0.0",
    });
  });

  it.each(["0.3.0", "0.3.1", "0.4.0"])(
    "%s: addresses say their family, interfaces lose what is new",
    (version) => {
      expect(convertResult(result, version)).toEqual({
        ...complete,
        cniVersion: version,
        interfaces: [
          {
            name: "eth0",
            mac: "0a:58:0a:01:00:05",
            sandbox: "/run/netns/pod",
          },
          { name: "veth1" },
        ],
        ips: complete.ips.map((ip, index) => ({
          version: index === 1 ? "6" : "4",
          ...ip,
        })),
      });
    },
  );

  it.each(["0.1.0", "0.2.0"])(
    "%s: the first address of each family, its routes with dst and gw",
    (version) => {
      expect(convertResult(result, version)).toEqual({
        cniVersion: version,
        ip4: {
          ip: "10.1.0.5/16",
          gateway: "10.1.0.1",
          routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }],
        },
        ip6: {
          ip: "2001:db8::5/64",
          gateway: "2001:db8::1",
          routes: [{ dst: "::/0" }],
        },
        dns: complete.dns,
      });
    },
  );

  it("0.2.0 loses the routes of a family without address", () => {
    const one = parseResult(
      { ips: [{ address: "10.0.0.1/8" }], routes: [{ dst: "::/0" }] },
      "1.0.0",
    );
    expect(convertResult(one, "0.2.0")).toEqual({
      cniVersion: "0.2.0",
      ip4: { ip: "10.0.0.1/8" },
      dns: {},
    });
  });

  it("0.2.0 cannot hold a result without address", () => {
    const none = parseResult({}, "1.0.0");
    expect(() => convertResult(none, "0.2.0")).toThrow(
      expect.objectContaining({ code: 1 }) as Error,
    );
    expect(convertResult(none, "0.3.0")).toEqual({
      cniVersion: "0.3.0",
      dns: {},
    });
    expect(convertResult(none, "1.0.0")).toEqual({ cniVersion: "1.0.0" });
  });

  it("takes an IPv4-mapped address for IPv4, as Go does", () => {
    const mapped = parseResult(
      { ips: [{ address: "::ffff:10.0.0.1/104" }] },
      "1.0.0",
    );
    expect(convertResult(mapped, "0.4.0")["ips"]).toMatchObject([
      { version: "4" },
    ]);
  });

  it("loses nothing between 1.0.0 and 1.1.0", () => {
    fc.assert(
      fc.property(
        results,
        fc.constantFrom("1.0.0", "1.1.0"),
        (some, version) => {
          const raw: unknown = JSON.parse(
            JSON.stringify(convertResult(some, version)),
          );
          expect(parseResult(raw, version)).toEqual({
            ...some,
            cniVersion: version,
          });
        },
      ),
    );
  });

  it("down and up again keeps what the older version can hold", () => {
    fc.assert(
      fc.property(
        results.filter(({ ips }) => ips.length > 0),
        fc.constantFrom(...supportedVersions),
        (some, version) => {
          const once = convertResult(some, version);
          const again = convertResult(parseResult(once, version), version);
          expect(again).toEqual(once);
        },
      ),
    );
  });
});
