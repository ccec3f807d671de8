import { expect, it } from "vitest";
import { parseAddress, parseCidr } from "../../../../../ip/cidr.ts";
import type { Route, RoutingRule } from "../../../../../native/index.ts";
import { fatesOf } from "../../../../../plugin/node/ways/fates.ts";
import { routingTables } from "../../../../../plugin/node/ways/tables.ts";
import {
  routeText,
  ruleText,
} from "../../../../../plugin/reconcile/route-text.ts";

const MAIN: RoutingRule = {
  ...{ family: 2, priority: 32766, action: 1, table: 254 },
};

function prefix(text: string) {
  const { bytes, prefix: length } = parseCidr(text);
  return { address: bytes, length };
}

function route(to: string, more: Partial<Route> = {}): Route {
  const destination = prefix(to);
  return { destination, table: 254, protocol: 3, scope: 0, type: 1, ...more };
}

function rule(more: Partial<RoutingRule>): RoutingRule {
  return { family: 2, priority: 100, action: 1, table: 7, ...more };
}

/**
 * What becomes of packets from 10.0.0.0/24, which come in by "pod0" among others, to 10.9.0.0/16.
 *
 * @param arePassedOn else they are the node's own
 */
function fates(
  rules: readonly RoutingRule[],
  routes: readonly Route[],
  { arePassedOn = true } = {},
) {
  const destination = parseCidr("10.9.0.0/16");
  const tables = routingTables(
    {
      rules: () => [...rules, MAIN],
      routes: ({ table }) => routes.filter((each) => each.table === table),
    },
    [destination],
  );
  const traffic = {
    destination,
    sources: [parseCidr("10.0.0.0/24")],
    comesBy: (name: string) => (name === "pod0" ? "part" : "none"),
    arePassedOn,
  } as const;
  return fatesOf(tables, traffic).map(
    ({ network, route: found, rule: by, isForAll }) =>
      `${isForAll ? "" : "some "}${network.text} ${found === undefined ? ruleText(by) : routeText(found, () => undefined)}`,
  );
}

const DEFAULT = route("0.0.0.0/0");
const all = (text: string) => [`10.9.0.0/16 ${text}`];

it("has the narrowest route decide, of two the one with the lower metric", () => {
  expect(fates([], [DEFAULT, route("10.0.0.0/8")])).toEqual(all("10.0.0.0/8"));
  const low = route("10.9.0.0/16", { priority: 5, type: 6 });
  const high = route("10.9.0.0/16", { priority: 9 });
  expect(fates([], [high, low])).toEqual(all("blackhole 10.9.0.0/16 metric 5"));
});

it("tells parts from the whole, and our own routes from others'", () => {
  const part = route("10.9.4.0/24", { type: 7 });
  const own = route("10.9.5.0/24", { protocol: 88 });
  expect(fates([], [DEFAULT, part, own])).toEqual([
    "10.9.4.0/24 unreachable 10.9.4.0/24",
    "10.9.0.0/16 default",
  ]);
});

it("asks rules in their order, until one has an answer for all", () => {
  const other = route("10.0.0.0/8", { table: 7 });
  expect(fates([rule({})], [DEFAULT, other])).toEqual(
    all("10.0.0.0/8 table 7"),
  );
  expect(fates([rule({})], [DEFAULT])).toEqual(all("default"));
  const thrown = route("10.9.0.0/16", { table: 7, type: 9 });
  expect(fates([rule({})], [DEFAULT, thrown, other])).toEqual(all("default"));
});

it.each<[string, Partial<RoutingRule>, string]>([
  ["all sources", { source: prefix("10.0.0.0/8") }, ""],
  ["some sources", { source: prefix("10.0.0.9/32") }, "some "],
  ["a pod's device", { inputInterface: "pod0" }, "some "],
  ["packets without a mark", { mark: 0, markMask: 0xff }, ""],
  ["all but a mark", { mark: 1, markMask: 1, inverted: true }, ""],
  [
    "all but other sources",
    { source: prefix("10.1.0.0/16"), inverted: true },
    "",
  ],
])("takes a rule for %s", (_, selector, share) => {
  const [first] = fates([rule({ ...selector, action: 8 })], [DEFAULT]);
  expect(first).toContain(`${share}10.9.0.0/16 100:`);
});

it("takes a rule for a part of the network", () => {
  const narrow = rule({ destination: prefix("10.9.1.0/24"), action: 6 });
  expect(fates([narrow], [DEFAULT])).toEqual([
    "10.9.1.0/24 100: from all to 10.9.1.0/24 blackhole",
    "10.9.0.0/16 default",
  ]);
});

it.each<[string, Partial<RoutingRule>]>([
  ["other sources", { source: prefix("10.1.0.0/24") }],
  ["other destinations", { destination: prefix("10.8.0.0/16") }],
  ["other devices", { inputInterface: "eth0" }],
  ["programs of this node that chose a device", { outputInterface: "eth0" }],
  ["a mark", { mark: 0x80, markMask: 0xff }],
  ["a tunnel, a VRF and the like", { isNarrow: true }],
  ["others than root", { users: { start: 1, end: 9 } }],
  ["what somebody does not want: a protocol", { ipProtocol: 6 }],
  ["nobody", { inverted: true }],
])("passes a rule for %s by", (_, selector) => {
  const found = fates([rule({ ...selector, action: 6 })], [DEFAULT]);
  expect(found).toEqual(all("default"));
});

const PORTS = { start: 80, end: 90 };

it.each<[string, Partial<RoutingRule>, string]>([
  ["a protocol", { ipProtocol: 6 }, "some "],
  ["ports", { ipProtocol: 17, destinationPorts: PORTS }, "some "],
  ["ports of the sender's", { ipProtocol: 6, sourcePorts: PORTS }, "some "],
  ["a type of service", { tos: 16 }, "some "],
  ["all but a protocol", { ipProtocol: 6, inverted: true }, "some "],
  ["root, whose all is that is passed on", { users: { start: 0, end: 0 } }, ""],
])("follows a rule that leads %s to another table", (_, selector, share) => {
  const [to, own] = [true, false].map((arePassedOn) =>
    fates([rule(selector)], [DEFAULT, route("0.0.0.0/0", { table: 7 })], {
      arePassedOn,
    }),
  );
  expect(to?.[0]).toBe(`${share}10.9.0.0/16 default table 7`);
  expect(own).toEqual(all("default"));
});

it("does not count routes that a rule suppresses", () => {
  const suppressing = rule({ table: 254, suppressedLength: 0 });
  const vpn = route("0.0.0.0/0", { table: 51820 });
  const through = rule({ priority: 101, table: 51820 });
  expect(fates([suppressing, through], [DEFAULT, vpn])).toEqual(
    all("default table 51820"),
  );
});

it("goes on where a rule sends it", () => {
  const rules = [
    rule({ action: 2, target: 300 }),
    rule({ priority: 200, action: 6 }),
    rule({ priority: 300, action: 3 }),
  ];
  expect(fates(rules, [DEFAULT])).toEqual(all("default"));
});

it("prints routes and rules as `ip` does", () => {
  const names = (index: number) => `eth${String(index)}`;
  const gateway = parseAddress("172.17.0.1").bytes;
  const hop = { gateway, outputInterface: 1, weight: 1 };
  const texts = [
    route("10.9.0.7/32", { outputInterface: 2 }),
    route("0.0.0.0/0", { gateway, outputInterface: 0, priority: 20 }),
    route("fd09::/64", { type: 8, outputInterface: 1, table: 9 }),
    route("10.0.0.0/8", { nextHops: [hop, { ...hop, outputInterface: 3 }] }),
  ].map((each) => routeText(each, names));
  expect(texts).toEqual([
    "10.9.0.7 dev eth2",
    "default via 172.17.0.1 dev eth0 metric 20",
    "prohibit fd09::/64 table 9",
    "10.0.0.0/8 nexthop via 172.17.0.1 dev eth1 nexthop via 172.17.0.1 dev eth3",
  ]);
});
