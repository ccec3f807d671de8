import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cidrOf, parseCidr } from "../../../../../ip/cidr.ts";
import { decodeRule, addRule } from "../../../../../native/nftables/rule.ts";
import type { Expression } from "../../../../../native/nftables/expression/expression.ts";
import { traitsOf } from "../../../../../plugin/netfilter/base/family.ts";
import {
  distinctMarks,
  markOf,
} from "../../../../../plugin/netfilter/base/mark.ts";
import { KUBE_PROXY_MARK } from "../../../../../plugin/netfilter/base/foreign.ts";
import { nftRuleReader } from "../../../../../plugin/netfilter/shared/nft-rule.ts";
import {
  type PairRule,
  toExpressions,
  wantedRule,
} from "../../../../../plugin/netfilter/shared/pair-rule.ts";
import { mayRewrite } from "../../../../../plugin/netfilter/shared/rewriting.ts";
import { golden } from "../../../../support/golden.ts";

const family = fc.constantFrom(4 as const, 6 as const);
const marks = fc
  .array(fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 0xffffffff })))
  .map((list) =>
    distinctMarks(
      list.slice(0, 5).map(([value, mask]) => markOf(value & mask, mask)),
    ),
  );
const pair: fc.Arbitrary<PairRule> = family.chain((which) => {
  const { length } = traitsOf(which);
  const network = fc
    .tuple(
      fc.uint8Array({ minLength: length, maxLength: length }),
      fc.nat(length * 8),
    )
    .map(([bytes, prefix]) => cidrOf(bytes, prefix));
  return fc.record({
    source: network,
    destination: network,
    spares: marks,
    verdict: fc.constantFrom("RETURN" as const, "ACCEPT"),
  });
});

function wantedKey(rule: PairRule): string {
  return wantedRule("nft", rule).key;
}

function observed(expressions: readonly Expression[], comment?: string) {
  const name = { family: 2, table: "nat", chain: "POSTROUTING" };
  const rule = {
    ...name,
    expressions,
    ...(comment === undefined ? {} : { comment }),
  };
  return decodeRule(addRule(rule, { at: "end" }).body);
}

describe("nftRuleReader()", () => {
  it("knows every rule that we write, also by the shape of one before", () => {
    fc.assert(
      fc.property(
        pair,
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (rule, noise) => {
          const read = nftRuleReader(rule.source.family, mayRewrite);
          const { source, destination } = rule;
          const length = source.bytes.length;
          const sibling = {
            ...rule,
            source: cidrOf(noise.subarray(0, length), source.prefix),
            destination: cidrOf(
              noise.subarray(16, 16 + length),
              destination.prefix,
            ),
          };
          for (const one of [rule, sibling, rule])
            expect(read(observed(toExpressions(one), "crosslink")).key).toBe(
              wantedKey(one),
            );
        },
      ),
    );
  });

  it("knows it by a comment that iptables-restore has turned into a match", () => {
    const [body] = golden("nftables/iptables-return", 0xa06).map((message) =>
      Uint8Array.from(message.body),
    );
    const rule: PairRule = {
      source: parseCidr("10.1.0.0/24"),
      destination: parseCidr("10.2.16.0/20"),
      spares: [KUBE_PROXY_MARK],
      verdict: "RETURN",
    };
    expect(nftRuleReader(4, mayRewrite)(decodeRule(body!)).key).toBe(
      wantedKey(rule),
    );
    expect(wantedRule("nft", rule).text()).toBe(
      "-s 10.1.0.0/24 -d 10.2.16.0/20 -m mark ! --mark 0x4000/0x4000 -m comment --comment crosslink -j RETURN",
    );
  });

  it("sees a counter that counted as the same rule", () => {
    const rule: PairRule = {
      source: parseCidr("10.1.0.0/24"),
      destination: parseCidr("10.2.0.0/16"),
      spares: [KUBE_PROXY_MARK],
      verdict: "RETURN",
    };
    const counted = (packets: bigint) =>
      toExpressions(rule).map((step) =>
        step.kind === "counter"
          ? { ...step, packets, bytes: packets * 84n }
          : step,
      );
    const read = nftRuleReader(4, mayRewrite);
    for (const packets of [1n, 7n, 2n ** 40n])
      expect(read(observed(counted(packets), "crosslink")).key).toBe(
        wantedKey(rule),
      );
  });

  it("gives a rule of ours that we would not write a key that nobody wants", () => {
    const read = nftRuleReader(4, mayRewrite);
    const drop: Expression[] = [{ kind: "verdict", verdict: "drop" }];
    expect(read(observed(drop, "crosslink")).key).toContain("unknown");
    const halfMarked = toExpressions({
      source: parseCidr("10.1.0.0/24"),
      destination: parseCidr("10.2.0.0/16"),
      spares: [KUBE_PROXY_MARK],
      verdict: "RETURN",
    }).filter(({ kind }) => kind !== "meta");
    expect(read(observed(halfMarked, "crosslink")).key).toContain("unknown");
  });

  it("tells rules of others that rewrite from those that do not", () => {
    const read = nftRuleReader(4, mayRewrite);
    const takes = (...steps: Expression[]) => read(observed(steps));
    const jump = (chain: string): Expression => ({
      kind: "verdict",
      verdict: "jump",
      chain,
    });
    expect(takes({ kind: "masq", flags: 0 })).toMatchObject({ takes: true });
    expect(takes(jump("FLANNEL-POSTRTG"))).toMatchObject({ takes: true });
    expect(takes(jump("KUBE-POSTROUTING"))).toMatchObject({ takes: false });
    expect(takes({ kind: "verdict", verdict: "return" })).toMatchObject({
      takes: false,
    });
    expect(takes({ kind: "masq", flags: 0 }).key).toBeUndefined();
  });
});
