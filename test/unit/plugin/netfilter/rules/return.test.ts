import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import { KUBE_PROXY_MARK } from "../../../../../plugin/netfilter/base/foreign.ts";
import { returnRules } from "../../../../../plugin/netfilter/rules/return.ts";
import type { ObservedFamily } from "../../../../../plugin/netfilter/state.ts";

const PAIRS = [
  {
    local: parseCidr("10.0.0.0/24"),
    remote: parseCidr("10.1.0.0/16"),
    encrypted: false,
  },
  {
    local: parseCidr("fd00:1::/64"),
    remote: parseCidr("fd00:2::/64"),
    encrypted: false,
  },
];

const IDLE = { nodeChains: false, rewrites: false, rules: false };
const MASQUERADES = { ...IDLE, rewrites: true, rules: true };

function observed(facts: {
  nft?: object;
  legacy?: object;
  legacyUnreadable?: boolean;
  canNat?: boolean;
}): ObservedFamily {
  const { nft, legacy, legacyUnreadable = false, canNat = true } = facts;
  return {
    family: 4,
    canNat: () => canNat,
    nft: nft && { facts: nft },
    legacy: legacy && { facts: legacy },
    legacyUnreadable,
    spares: [KUBE_PROXY_MARK],
  } as never;
}

type Mode = Parameters<typeof returnRules>[0]["mode"];

function rulesIn(
  facts: Parameters<typeof observed>[0],
  mode: Mode = "return",
): Record<string, string[]> {
  const inBackend = returnRules(
    { exemptions: PAIRS, mode },
    PAIRS,
    observed(facts),
  );
  const texts = (backend: "nft" | "legacy"): string[] =>
    inBackend(backend).map(
      ({ source, destination, verdict, spares }) =>
        `${source.text} ${destination.text} ${verdict} but ${spares.length}`,
    );
  return { nft: texts("nft"), legacy: texts("legacy") };
}

const BOTH_WAYS = [
  "10.0.0.0/24 10.1.0.0/16 RETURN but 1",
  "10.1.0.0/16 10.0.0.0/24 RETURN but 1",
];

describe("returnRules()", () => {
  it("go both ways, where somebody masquerades", () => {
    expect(rulesIn({ nft: MASQUERADES, legacy: IDLE })).toEqual({
      nft: BOTH_WAYS,
      legacy: [],
    });
    expect(rulesIn({ nft: IDLE, legacy: MASQUERADES })).toEqual({
      nft: [],
      legacy: BOTH_WAYS,
    });
    expect(rulesIn({ nft: MASQUERADES, legacy: MASQUERADES })).toEqual({
      nft: BOTH_WAYS,
      legacy: BOTH_WAYS,
    });
  });

  it.each(["identity", "off"] as const)('are not wanted by "%s"', (mode) => {
    expect(rulesIn({ nft: MASQUERADES }, mode)).toEqual({
      nft: [],
      legacy: [],
    });
  });

  it("are refused where they could only be in legacy iptables, and its programs are missing", () => {
    const hidden = { legacyUnreadable: true, canNat: false };
    expect(() => rulesIn({ nft: IDLE, ...hidden })).toThrow(
      /legacy iptables, and its programs are missing/,
    );
    expect(rulesIn({ nft: MASQUERADES, ...hidden })).toMatchObject({
      nft: BOTH_WAYS,
    });
  });
});
