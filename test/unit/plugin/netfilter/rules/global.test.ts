import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import { KUBE_PROXY_MARK } from "../../../../../plugin/netfilter/base/foreign.ts";
import type { NetworkPair } from "../../../../../plugin/mesh/state.ts";
import {
  globalRules,
  legacyGlobalRules,
} from "../../../../../plugin/netfilter/rules/global.ts";
import { setPool } from "../../../../../plugin/netfilter/table/set-pool.ts";

const pair = (local: string, remote: string, global?: string): NetworkPair => ({
  local: parseCidr(local),
  remote: parseCidr(remote),
  encrypted: false,
  ...(global === undefined ? {} : { global: parseCidr(global) }),
});

const PAIRS = [
  pair("10.0.0.0/24", "10.1.0.0/16", "100.64.0.0/24"),
  pair("10.0.0.0/24", "10.2.0.0/16", "100.64.0.0/24"),
  pair("10.0.0.0/24", "192.168.7.0/24"),
  pair("fd00:1::/64", "fd00:2::/64", "fd00:9::/64"),
];

describe("globalRules()", () => {
  it("give each own network its global one toward all who see it so, and back", () => {
    const pool = setPool();
    const { outgoing, incoming } = globalRules(PAIRS, 4, { pool, spares: [] });
    expect(outgoing.map(({ purpose }) => purpose)).toEqual([
      "ip saddr 10.0.0.0/24 ip daddr @remote snat prefix to 100.64.0.0/24",
    ]);
    expect(incoming.map(({ purpose }) => purpose)).toEqual([
      "ip saddr @remote ip daddr 100.64.0.0/24 dnat prefix to 10.0.0.0/24",
    ]);
    expect(
      pool.sets().map(({ networks }) => networks.map(({ text }) => text)),
    ).toEqual([["10.1.0.0/16", "10.2.0.0/16"]]);
  });

  it("keep the host's bits: from the first address of the network to its last", () => {
    const { outgoing } = globalRules(PAIRS, 6, { pool: setPool(), spares: [] });
    const bytes = outgoing[0]?.expressions.flatMap((step) =>
      step.kind === "immediate"
        ? [Buffer.from(step.value).toString("hex")]
        : [],
    );
    expect(bytes).toEqual([
      "fd000009000000000000000000000000",
      "fd00000900000000ffffffffffffffff",
    ]);
  });

  it("spare marks of others on the way out alone: what comes in has none yet", () => {
    const { outgoing, incoming } = globalRules(PAIRS, 4, {
      pool: setPool(),
      spares: [KUBE_PROXY_MARK],
    });
    const asks = (rules: typeof outgoing) =>
      rules.map(({ expressions }) =>
        expressions.some(({ kind }) => kind === "meta"),
      );
    expect([asks(outgoing), asks(incoming)]).toEqual([[true], [false]]);
  });
});

describe("legacyGlobalRules()", () => {
  it("are NETMAPs, a pair each", () => {
    const { outgoing, incoming } = legacyGlobalRules(PAIRS.slice(0, 3), [
      KUBE_PROXY_MARK,
    ]);
    expect(outgoing.map(({ text }) => text())).toEqual([
      expect.stringMatching(
        /^-s 10\.0\.0\.0\/24 -d 10\.1\.0\.0\/16 -m mark ! --mark 0x4000\/0x4000 .*-j NETMAP --to 100\.64\.0\.0\/24$/u,
      ),
      expect.stringMatching(/-d 10\.2\.0\.0\/16 .*-j NETMAP/u),
    ]);
    expect(incoming.map(({ text }) => text())).toEqual([
      expect.stringMatching(
        /^-s 10\.1\.0\.0\/16 -d 100\.64\.0\.0\/24 (?!.*--mark).*-j NETMAP --to 10\.0\.0\.0\/24$/u,
      ),
      expect.stringMatching(/^-s 10\.2\.0\.0\/16 .*-j NETMAP/u),
    ]);
  });
});
