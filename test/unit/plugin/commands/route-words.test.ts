import { describe, expect, it } from "vitest";
import { parseAddress, parseCidr } from "../../../../ip/cidr.ts";
import {
  type Dialect,
  formatRoutes,
} from "../../../../plugin/commands/route-words.ts";
import type { StaticRoute } from "../../../../plugin/mesh/routes.ts";

const routes: StaticRoute[] = [
  {
    destination: parseCidr("10.3.64.0/18"),
    via: parseAddress("172.17.0.2"),
    cluster: "b",
    node: "n2",
  },
  {
    destination: parseCidr("10.96.0.0/12"),
    via: parseAddress("172.16.0.1"),
    cluster: "a",
    node: "n1",
  },
  {
    destination: parseCidr("fd00:1::/64"),
    via: parseAddress("fd99::1"),
    cluster: "a",
    node: "n1",
  },
  {
    destination: parseCidr("fd00:2::/64"),
    via: undefined,
    cluster: "b",
    node: "n2",
  },
];

function lines(dialect: Dialect): string[] {
  return formatRoutes(routes, dialect).split("\n");
}

describe("formatRoutes()", () => {
  it("writes commands of iproute2", () => {
    expect(lines("ip")).toEqual([
      "# cluster a",
      "ip route replace 10.96.0.0/12 via 172.16.0.1",
      "ip -6 route replace fd00:1::/64 via fd99::1",
      "# cluster b",
      "ip route replace 10.3.64.0/18 via 172.17.0.2",
      '# no route to fd00:2::/64: node n2 has no IPv6 address in its "ips"',
      "",
    ]);
  });

  it("writes configuration of Cisco IOS", () => {
    expect(lines("cisco")).toEqual([
      "! cluster a",
      "ip route 10.96.0.0 255.240.0.0 172.16.0.1",
      "ipv6 route fd00:1::/64 fd99::1",
      "! cluster b",
      "ip route 10.3.64.0 255.255.192.0 172.17.0.2",
      '! no route to fd00:2::/64: node n2 has no IPv6 address in its "ips"',
      "",
    ]);
  });

  it("writes commands of MikroTik RouterOS", () => {
    expect(lines("mikrotik")).toEqual([
      "# cluster a",
      '/ip route add dst-address=10.96.0.0/12 gateway=172.16.0.1 comment="crosslink: a/n1"',
      '/ipv6 route add dst-address=fd00:1::/64 gateway=fd99::1 comment="crosslink: a/n1"',
      "# cluster b",
      '/ip route add dst-address=10.3.64.0/18 gateway=172.17.0.2 comment="crosslink: b/n2"',
      '# no route to fd00:2::/64: node n2 has no IPv6 address in its "ips"',
      "",
    ]);
  });

  it("writes masks of every length", () => {
    const masks = [0, 1, 8, 9, 31, 32].map((prefix) => {
      const destination = parseCidr(`0.0.0.0/${String(prefix)}`);
      return formatRoutes(
        [
          {
            destination,
            via: parseAddress("10.0.0.1"),
            cluster: "a",
            node: "n",
          },
        ],
        "cisco",
      ).split(" ")[5];
    });
    expect(masks).toEqual([
      "0.0.0.0",
      "128.0.0.0",
      "255.0.0.0",
      "255.128.0.0",
      "255.255.255.254",
      "255.255.255.255",
    ]);
  });

  it("writes nothing for no routes", () => {
    expect(formatRoutes([], "ip")).toBe("");
  });
});
