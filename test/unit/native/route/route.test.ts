import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeAttributes } from "../../../../native/attribute.ts";
import { encode } from "../../../../native/layout.ts";
import {
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
} from "../../../../native/route/constants.ts";
import {
  decodeRoute,
  encodeRoute,
  encodeRouteLookup,
  encodeRouteQuery,
  formatRoute,
  type Route,
} from "../../../../native/route/route.ts";
import { rtmsg } from "../../../../native/route/structs.ts";
import { expectGolden } from "../../../support/golden.ts";
import {
  address,
  damaged,
  expectRangeErrorOrResult,
  prefix,
} from "../../../support/arbitrary.ts";

const ipv4 = (text: string): Uint8Array =>
  Uint8Array.from(text.split(".").map(Number));
const ipv6 = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.padEnd(32, "0"), "hex"));
const unicast = { scope: 0, type: 1 };

describe("encodeRoute()", () => {
  const full: Route = {
    ...unicast,
    destination: { address: ipv4("10.1.2.0"), length: 23 },
    table: 1234,
    protocol: 88,
    gateway: ipv4("10.9.9.2"),
    outputInterface: 3,
    preferredSource: ipv4("10.9.9.1"),
    priority: 4660,
    mtu: 1400,
    advmss: 1360,
    onlink: true,
  };

  it("sends what `ip route add` sends, every attribute set", () => {
    expectGolden("route/route-add", {
      type: RTM_NEWROUTE,
      body: encodeRoute(full),
    });
  });

  it("sends what `ip -6 route add` sends", () => {
    const route = {
      ...full,
      destination: { address: ipv6("fd0100020300"), length: 40 },
      gateway: ipv6("fd000009000000000000000000000002"),
      preferredSource: ipv6("fd000009000000000000000000000001"),
      onlink: false,
    };
    expectGolden("route/route-add-ipv6", {
      type: RTM_NEWROUTE,
      body: encodeRoute(route),
    });
  });

  it("puts a table below 256 into the header, as `ip route add blackhole` does", () => {
    const route = {
      destination: { address: ipv4("10.3.0.0"), length: 16 },
      table: 77,
      protocol: 80,
      scope: 0,
      type: 6,
      priority: 5,
    };
    expectGolden("route/route-add-blackhole", {
      type: RTM_NEWROUTE,
      body: encodeRoute(route),
    });
  });

  it("has an attribute for tables from 256 on only", () => {
    const tables = [255, 256].map((table) => {
      const body = encodeRoute({
        destination: { address: ipv4("0.0.0.0"), length: 0 },
        table,
        protocol: 88,
        ...unicast,
      });
      return [body[rtmsg.offsets.rtm_table], body.length - rtmsg.size];
    });
    expect(tables).toEqual([
      [255, 0],
      [0, 8],
    ]);
  });

  it("sends next hops with their weights as `ip` does", () => {
    const nextHops = [
      { gateway: ipv4("10.9.9.2"), outputInterface: 3, weight: 3 },
      {
        gateway: ipv4("10.9.9.3"),
        outputInterface: 3,
        weight: 7,
        onlink: true,
      },
    ];
    const route = {
      ...unicast,
      destination: { address: ipv4("10.4.0.0"), length: 16 },
      table: 254,
      protocol: 99,
      nextHops,
    };
    expectGolden("route/route-add-nexthops", {
      type: RTM_NEWROUTE,
      body: encodeRoute(route),
    });
  });

  it("sends an IPv6 gateway of an IPv4 route as RTA_VIA", () => {
    const gateway = ipv6("fd000009000000000000000000000002");
    const route = {
      ...unicast,
      destination: { address: ipv4("10.5.0.0"), length: 16 },
      table: 254,
      protocol: 99,
      gateway,
      outputInterface: 3,
    };
    expectGolden("route/route-add-via-ipv6", {
      type: RTM_NEWROUTE,
      body: encodeRoute(route),
    });
  });

  it("sends what `ip route replace` and `ip route delete` send", () => {
    const link = {
      destination: { address: ipv4("10.1.2.0"), length: 23 },
      table: 254,
      protocol: 88,
      scope: 253,
      type: 1,
      outputInterface: 3,
    };
    expectGolden("route/route-replace", {
      type: RTM_NEWROUTE,
      body: encodeRoute(link),
    });
    const {
      mtu: _mtu,
      advmss: _advmss,
      preferredSource: _source,
      ...rest
    } = full;
    expectGolden("route/route-delete", {
      type: RTM_DELROUTE,
      body: encodeRoute({ ...rest, type: 0, onlink: false }),
    });
  });
});

describe("encodeRouteLookup()", () => {
  it("sends what `ip route get` sends", () => {
    expectGolden("route/route-get", {
      type: RTM_GETROUTE,
      body: encodeRouteLookup(ipv4("10.9.9.77")),
    });
  });

  it("asks for the table's entry as `ip route get fibmatch` does", () => {
    expectGolden("route/route-get-fibmatch", {
      type: RTM_GETROUTE,
      body: encodeRouteLookup(ipv4("10.9.9.77"), { fibMatch: true }),
    });
  });
});

describe("encodeRouteLookup() for IPv6", () => {
  it("does not ask for the table, which the kernel names anyhow and refuses to be asked for", () => {
    const body = encodeRouteLookup(ipv6("fd00"));
    expect([...body.slice(0, 12)]).toEqual([
      10, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
  });
});

describe("encodeRouteQuery()", () => {
  it("asks the kernel to filter by table, as `ip route show table` does", () => {
    expectGolden("route/route-list", {
      type: RTM_GETROUTE,
      body: encodeRouteQuery({ family: 2, table: 1234 }),
    });
  });

  it("and by device, as `ip route show table dev` does", () => {
    const outputInterface = 2;
    expectGolden("route/route-list-device", {
      type: RTM_GETROUTE,
      body: encodeRouteQuery({ family: 2, table: 1234, outputInterface }),
    });
  });
});

describe("decodeRoute()", () => {
  it("gives back every route that encodeRoute() took", () => {
    fc.assert(
      fc.property(anyRoute(), (route) => {
        expect(decodeRoute(encodeRoute(route))).toEqual(route);
      }),
    );
  });

  it("reads a default route, which has no RTA_DST, with an address of its family", () => {
    const body = encode(rtmsg, { rtm_family: 10, rtm_table: 254 });
    expect(decodeRoute(body).destination).toEqual({
      address: new Uint8Array(16),
      length: 0,
    });
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(anyRoute().map(encodeRoute)), (bytes) => {
        expectRangeErrorOrResult(() => decodeRoute(bytes));
      }),
    );
  });

  it("refuses a next hop whose length would not get on", () => {
    const stuck = encodeAttributes([{ type: 9, value: new Uint8Array(8) }]);
    const body = Buffer.concat([encode(rtmsg, { rtm_family: 2 }), stuck]);
    expect(() => decodeRoute(body)).toThrow(RangeError);
  });
});

describe("formatRoute()", () => {
  it("names destination and table", () => {
    const route = {
      ...unicast,
      destination: { address: ipv4("10.1.0.0"), length: 16 },
      table: 254,
      protocol: 88,
    };
    expect(formatRoute(route)).toBe("10.1.0.0/16 in table 254");
  });
});

// The header has no room for what is not there: a default route has no address, a multipath route no single gateway.
function anyRoute(): fc.Arbitrary<Route> {
  return fc.constantFrom(4 as const, 16 as const).chain((size) =>
    fc.record(
      {
        destination: prefix(size),
        table: fc.integer({ min: 1, max: 0xffffffff }),
        protocol: fc.nat(255),
        scope: fc.nat(255),
        type: fc.nat(255),
        gateway: fc.oneof(address(4), address(16)),
        outputInterface: fc.integer({ min: 1, max: 0x7fffffff }),
        preferredSource: address(size),
        priority: fc.nat(0xffffffff),
        mtu: fc.nat(0xffffffff),
        advmss: fc.nat(0xffffffff),
        onlink: fc.constant(true as const),
        nextHops: fc.array(
          fc.record(
            {
              gateway: address(size),
              outputInterface: fc.nat(0x7fffffff),
              weight: fc.integer({ min: 1, max: 256 }),
              onlink: fc.constant(true as const),
            },
            { requiredKeys: ["outputInterface", "weight"] },
          ),
        ),
      },
      { requiredKeys: ["destination", "table", "protocol", "scope", "type"] },
    ),
  );
}
