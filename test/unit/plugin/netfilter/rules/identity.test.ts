import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import { KUBE_PROXY_MARK } from "../../../../../plugin/netfilter/base/foreign.ts";
import { identityRules } from "../../../../../plugin/netfilter/rules/identity.ts";
import { setPool } from "../../../../../plugin/netfilter/table/set-pool.ts";

const pair = (local: string, remote: string) => ({
  local: parseCidr(local),
  remote: parseCidr(remote),
  encrypted: false,
});

describe("identityRules()", () => {
  it("are two for all remote networks of the same local ones, whatever their number", () => {
    const pool = setPool();
    const pairs = [
      pair("10.0.0.0/24", "10.1.0.0/16"),
      pair("10.0.0.0/24", "10.2.0.0/16"),
      pair("10.0.0.0/24", "10.2.3.0/24"),
      pair("fd00:1::/64", "fd00:2::/64"),
    ];
    const rules = identityRules(pairs, 4, { pool, spares: [] });
    expect(rules.map(({ purpose }) => purpose)).toEqual([
      "ip saddr @local ip daddr @remote snat to ip saddr",
      "ip saddr @remote ip daddr @local snat to ip saddr",
    ]);
    expect(
      pool
        .sets()
        .map(({ name, networks }) => [name, networks.map(({ text }) => text)]),
    ).toEqual([
      ["local", ["10.0.0.0/24"]],
      ["remote", ["10.1.0.0/16", "10.2.0.0/16"]],
    ]);
  });

  it("have sets of their own for other local networks", () => {
    const pairs = [
      pair("10.0.0.0/24", "10.1.0.0/16"),
      pair("10.9.0.0/24", "10.2.0.0/16"),
    ];
    const rules = identityRules(pairs, 4, { pool: setPool(), spares: [] });
    expect(rules.map(({ purpose }) => purpose)).toEqual([
      "ip saddr @local ip daddr @remote snat to ip saddr",
      "ip saddr @remote ip daddr @local snat to ip saddr",
      "ip saddr @local2 ip daddr @remote2 snat to ip saddr",
      "ip saddr @remote2 ip daddr @local2 snat to ip saddr",
    ]);
  });

  it("leave packets with a mark of others' to them, and take the source that is there", () => {
    const [rule] = identityRules([pair("fd00:1::/64", "fd00:2::/64")], 6, {
      pool: setPool(),
      spares: [KUBE_PROXY_MARK],
    });
    const kinds = rule?.expressions.map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...["payload", "lookup", "payload", "lookup"],
      ...["meta", "bitwise", "cmp"],
      ...["counter", "payload", "nat"],
    ]);
    expect(rule?.expressions.at(-2)).toMatchObject({ offset: 8, length: 16 });
    expect(rule?.expressions.at(-1)).toMatchObject({
      type: "snat",
      family: 10,
    });
  });
});
