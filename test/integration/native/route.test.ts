import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  formatAddress,
  formatPrefix,
} from "../../../native/address.ts";
import type { Namespace } from "../../support/namespace.ts";
import { ipv4, ipv6, routePair } from "../../support/route-pair.ts";

const peerAddress = ipv6("fd000009000000000000000000000002");

/** What `ip -json route` says of one destination. */
function seen(ns: Namespace, ...args: readonly string[]): unknown[] {
  return ns.ip(...args) as unknown[];
}

describe("addRoute()", () => {
  it("adds what `ip route` then shows, every attribute set", () => {
    using pair = routePair();
    const gateway = ipv4("10.9.9.2");
    pair.client.addRoute(
      pair.route({
        gateway,
        table: 1234,
        preferredSource: ipv4("10.9.9.1"),
        priority: 77,
        mtu: 1400,
        advmss: 1360,
        onlink: true,
      }),
    );
    expect(
      seen(pair.near, "-details", "route", "show", "table", "1234"),
    ).toMatchObject([
      {
        type: "unicast",
        dst: "10.20.0.0/16",
        gateway: "10.9.9.2",
        dev: "near0",
        protocol: "88",
        scope: "global",
        prefsrc: "10.9.9.1",
        metric: 77,
        flags: ["onlink"],
        metrics: [{ mtu: 1400, advmss: 1360 }],
      },
    ]);
  });

  it("says EEXIST for a route that is there, with the kernel's words for one that is wrong", () => {
    using pair = routePair();
    pair.client.addRoute(pair.route({}));
    expect(() => {
      pair.client.addRoute(pair.route({}));
    }).toThrow(
      "Cannot add route 10.20.0.0/16 in table 254 over device near0: RTM_NEWROUTE: EEXIST (File exists)",
    );
    const hostBits = { address: ipv4("10.20.0.1"), length: 16 };
    expect(() => {
      pair.client.addRoute(pair.route({ destination: hostBits }));
    }).toThrow(
      "EINVAL (Invalid argument): Invalid prefix for given prefix length",
    );
  });

  it("adds blackholes and default routes of both families", () => {
    using pair = routePair();
    const { outputInterface: _, ...blackhole } = pair.route({
      type: 6,
      table: 99,
      protocol: 80,
    });
    pair.client.addRoute(blackhole);
    pair.client.addRoute(
      pair.route({
        destination: { address: ipv4("0.0.0.0"), length: 0 },
        scope: 253,
      }),
    );
    pair.client.addRoute(
      pair.route({
        destination: { address: new Uint8Array(16), length: 0 },
        gateway: peerAddress,
        priority: 5,
      }),
    );
    expect(seen(pair.near, "route", "show", "table", "99")).toMatchObject([
      { type: "blackhole", dst: "10.20.0.0/16" },
    ]);
    expect(seen(pair.near, "route", "show", "default")).toMatchObject([
      { dst: "default", dev: "near0" },
    ]);
    expect(seen(pair.near, "-6", "route", "show", "default")).toMatchObject([
      { gateway: "fd00:9::2", metric: 5 },
    ]);
  });
});

describe("replaceRoute() and deleteRoute()", () => {
  it("replace in place, and delete only what is the same in everything", () => {
    using pair = routePair();
    pair.near.exec(
      "ip",
      "route",
      "add",
      "10.20.0.0/16",
      "dev",
      "near0",
      "metric",
      "5",
      "proto",
      "static",
    );
    pair.client.addRoute(pair.route({ mtu: 1400 }));
    pair.client.replaceRoute(pair.route({ mtu: 1300 }));
    expect(
      seen(
        pair.near,
        "-details",
        "route",
        "show",
        "10.20.0.0/16",
        "proto",
        "88",
      ),
    ).toMatchObject([{ metrics: [{ mtu: 1300 }] }]);
    expect(() => {
      pair.client.deleteRoute(pair.route({ mtu: 1400 }));
    }).toThrow("ESRCH");
    pair.client.deleteRoute(pair.route({ mtu: 1300 }));
    expect(seen(pair.near, "route", "show", "10.20.0.0/16")).toMatchObject([
      { protocol: "static", metric: 5 },
    ]);
  });
});

describe("routes()", () => {
  it("gives back what was added, so that it can be deleted as it was read", () => {
    using pair = routePair();
    const wanted = [
      pair.route({
        table: 500,
        gateway: ipv4("10.9.9.2"),
        priority: 3,
        mtu: 1400,
        advmss: 1360,
        onlink: true,
      }),
      pair.route({
        table: 500,
        destination: { address: ipv4("10.21.0.0"), length: 24 },
        gateway: peerAddress,
      }),
    ];
    for (const route of wanted) pair.client.addRoute(route);
    const read = pair.client.routes({ family: AF_INET, table: 500 });
    expect(read).toEqual(wanted);
    for (const route of read) pair.client.deleteRoute(route);
    expect(pair.client.routes({ family: AF_INET, table: 500 })).toEqual([]);
  });

  it("lists those over one device", () => {
    using pair = routePair();
    pair.near.shell(
      `ip link add one0 type veth peer name two0
       ip link set one0 up; ip link set two0 up
       ip route add 10.40.0.0/16 dev one0; ip route add 10.41.0.0/16 dev two0
       ip -6 route add fd00:40::/64 dev one0; ip -6 route add fd00:41::/64 dev two0`,
    );
    const outputInterface = pair.client.link("one0")?.index ?? 0;
    const over = [AF_INET, AF_INET6].flatMap((family) =>
      pair.client.routes({ family, table: 254, outputInterface }),
    );
    expect(over.map(({ destination }) => formatPrefix(destination))).toEqual(
      expect.arrayContaining(["10.40.0.0/16", "fd00:40::/64"]),
    );
    expect(new Set(over.map((route) => route.outputInterface))).toEqual(
      new Set([outputInterface]),
    );
  });

  it("reads next hops, and adds them again", () => {
    using pair = routePair();
    pair.near.shell(
      "ip route add 10.30.0.0/16 nexthop via 10.9.9.2 weight 3 nexthop via 10.9.9.3 weight 7",
    );
    const [route] = pair.client
      .routes({ family: AF_INET, table: 254 })
      .filter(({ nextHops }) => nextHops);
    expect(
      route?.nextHops?.map(({ gateway, weight }) => [
        gateway && formatAddress(gateway),
        weight,
      ]),
    ).toEqual([
      ["10.9.9.2", 3],
      ["10.9.9.3", 7],
    ]);
    if (route === undefined) return;
    pair.client.deleteRoute(route);
    pair.client.addRoute(route);
    expect(seen(pair.near, "route", "show", "10.30.0.0/16")).toMatchObject([
      { nexthops: [{ gateway: "10.9.9.2" }, { gateway: "10.9.9.3" }] },
    ]);
  });

  it("knows no routes in a table that there is not, of either family", () => {
    using pair = routePair();
    expect(pair.client.routes({ family: AF_INET, table: 4242 })).toEqual([]);
    expect(pair.client.routes({ family: AF_INET6, table: 4242 })).toEqual([]);
  });

  it("lists all tables, and all of thousands of routes", () => {
    using pair = routePair();
    const many = Array.from({ length: 3000 }, (_, index) =>
      pair.route({
        destination: {
          address: Uint8Array.of(10, 100 + (index >> 8), index & 0xff, 0),
          length: 24,
        },
        table: index % 2 === 0 ? 700 : 254,
      }),
    );
    const failed = pair.client.changeRoutes(
      many.map((route) => ({ kind: "add", route })),
    );
    expect(failed.filter((error) => error !== undefined)).toEqual([]);
    expect(pair.client.routes({ family: AF_INET, table: 700 })).toHaveLength(
      1500,
    );
    const all = pair.client
      .routes({ family: AF_INET })
      .filter(({ protocol }) => protocol === 88);
    expect(
      new Set(all.map(({ destination }) => formatPrefix(destination))).size,
    ).toBe(3000);
  });
});

describe("changeRoutes()", () => {
  it("does what can be done and says what cannot", () => {
    using pair = routePair();
    const other = pair.route({
      destination: { address: ipv4("10.21.0.0"), length: 16 },
    });
    const results = pair.client.changeRoutes([
      { kind: "add", route: pair.route({}) },
      { kind: "add", route: pair.route({}) },
      { kind: "delete", route: other },
      { kind: "replace", route: other },
    ]);
    expect(results.map((error) => error?.code)).toEqual([
      undefined,
      "EEXIST",
      "ESRCH",
      undefined,
    ]);
    expect(seen(pair.near, "route", "show", "proto", "88")).toHaveLength(2);
  });
});

describe("getRoute()", () => {
  it("finds the way of a packet, and the table's entry", () => {
    using pair = routePair();
    pair.client.addRoute(
      pair.route({ gateway: ipv4("10.9.9.2"), mtu: 1400, table: 254 }),
    );
    expect(pair.client.getRoute(ipv4("10.20.3.4"))).toMatchObject({
      destination: { address: ipv4("10.20.3.4"), length: 32 },
      gateway: ipv4("10.9.9.2"),
      preferredSource: ipv4("10.9.9.1"),
      table: 254,
    });
    expect(pair.client.getRoute(ipv4("10.20.3.4"), { fibMatch: true })).toEqual(
      pair.route({ gateway: ipv4("10.9.9.2"), mtu: 1400 }),
    );
    expect(
      pair.client.getRoute(ipv6("fd000009000000000000000000000077"))
        ?.outputInterface,
    ).toBe(pair.index);
  });

  it("is asked for hundreds in few datagrams, with what is said of each alone", () => {
    using pair = routePair();
    pair.near.shell("ip route add unreachable 10.20.7.0/24 proto 80");
    pair.client.addRoute(pair.route({ gateway: ipv4("10.9.9.2") }));
    const destinations = Array.from({ length: 500 }, (_, n) =>
      ipv4(n % 9 === 0 ? `192.0.2.${n % 250}` : `10.20.${n % 20}.${n % 250}`),
    );
    const found = pair.client.getRoutes(destinations);
    expect(found).toEqual(
      destinations.map((destination) => pair.client.getRoute(destination)),
    );
    expect(found.filter((route) => route === undefined).length).toBeGreaterThan(
      60,
    );
  });

  it("knows when there is no way", () => {
    using pair = routePair();
    expect(pair.client.getRoute(ipv4("192.0.2.1"))).toBeUndefined();
    expect(
      pair.client.getRoute(ipv6("20010db8000000000000000000000001")),
    ).toBeUndefined();
  });

  it.each(["blackhole", "unreachable", "prohibit"])(
    "takes a %s route for no way",
    (kind) => {
      using pair = routePair();
      pair.near.shell(`
        ip route add ${kind} 10.20.0.0/16 proto 80
        ip route add ${kind} fd00:20::/64 proto 80`);
      for (const address of [
        ipv4("10.20.3.4"),
        ipv6("fd000020000000000000000000000001"),
      ]) {
        expect(pair.client.getRoute(address)).toBeUndefined();
        expect(
          pair.client.getRoute(address, { fibMatch: true }),
        ).toBeUndefined();
      }
    },
  );
});

describe("rules()", () => {
  it("sees what `ip rule` sees", () => {
    using pair = routePair();
    pair.near.shell(
      "ip rule add from 10.1.0.0/16 to 10.2.0.0/17 iif near0 fwmark 0x4000/0xff00 table 1234 pref 1024",
    );
    const rule = pair.client
      .rules(AF_INET)
      .find(({ priority }) => priority === 1024);
    expect(rule).toEqual({
      family: AF_INET,
      priority: 1024,
      action: 1,
      table: 1234,
      source: { address: ipv4("10.1.0.0"), length: 16 },
      destination: { address: ipv4("10.2.0.0"), length: 17 },
      inputInterface: "near0",
      mark: 0x4000,
      markMask: 0xff00,
      protocol: 0,
    });
    expect(pair.client.rules(AF_INET).map(({ priority }) => priority)).toEqual(
      (pair.near.ip("rule") as { priority: number }[]).map(
        ({ priority }) => priority,
      ),
    );
  });
});

describe("addRule()", () => {
  it("adds what `ip rule` then shows, in both families, and takes it away again", () => {
    using pair = routePair();
    const rules = [
      { family: AF_INET, source: { address: ipv4("10.1.0.0"), length: 16 } },
      {
        family: AF_INET6,
        source: {
          address: ipv6("fd010000000000000000000000000000"),
          length: 48,
        },
      },
    ].map((rule) => ({ ...rule, table: 17228, priority: 17228, protocol: 88 }));
    for (const rule of rules) pair.client.addRule(rule);
    const shown = { priority: 17228, table: "17228", protocol: "88" };
    expect(seen(pair.near, "-details", "rule")).toContainEqual(
      expect.objectContaining({ ...shown, src: "10.1.0.0", srclen: 16 }),
    );
    expect(seen(pair.near, "-details", "-6", "rule")).toContainEqual(
      expect.objectContaining({ ...shown, src: "fd01::", srclen: 48 }),
    );
    for (const rule of rules) {
      expect(() => {
        pair.client.addRule(rule);
      }).toThrow("EEXIST");
      pair.client.deleteRule(rule);
      expect(() => {
        pair.client.deleteRule(rule);
      }).toThrow("ENOENT");
    }
  });
});
