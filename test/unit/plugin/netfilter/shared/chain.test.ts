import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ChainEnd,
  planShared,
  type RuleName,
  type SharedRule,
} from "../../../../../plugin/netfilter/shared/chain.ts";

type Backend = RuleName["backend"];
interface Model {
  readonly key?: string;
  readonly takes: boolean;
}

const wanted = (...keys: string[]) => keys.map((key) => ({ key }));

/** Rules as the kernel would name them. */
function named(backend: Backend, rules: readonly Model[]): SharedRule[] {
  return rules.map((rule, index) => ({
    ...rule,
    name:
      backend === "nft"
        ? { backend, handle: BigInt(index + 1) }
        : { backend, text: rule.key ?? `foreign ${index}` },
  }));
}

/** What the chain is after a plan: nft deletes by handle, legacy the first that says the same. */
function applied(
  [backend, end]: readonly [Backend, ChainEnd],
  rules: readonly Model[],
  keys: string[],
): Model[] {
  const observed = named(backend, rules);
  const plan = planShared(observed, wanted(...keys), end);
  const left = [...observed];
  for (const rule of plan.stale) {
    const index = left.findIndex((other) =>
      backend === "nft" ? other === rule : other.key === rule.key,
    );
    expect(index).toBeGreaterThanOrEqual(0);
    left.splice(index, 1);
  }
  const inserted = plan.missing.map(({ key }) => ({ key, takes: false }));
  const others = left.map(({ key, takes }) => ({
    ...(key === undefined ? {} : { key }),
    takes,
  }));
  return end === "head" ? [...inserted, ...others] : [...others, ...inserted];
}

const place = fc.tuple(
  fc.constantFrom<Backend>("nft", "legacy"),
  fc.constantFrom<ChainEnd>("head", "end"),
);
const key = fc.constantFrom("a", "b", "c", "d");
const model: fc.Arbitrary<Model> = fc.oneof(
  fc.record({ key, takes: fc.constant(false) }),
  fc.record({ takes: fc.boolean() }),
);
const chain = fc.array(model, { maxLength: 10 });
const keys = fc.uniqueArray(key);

describe("planShared()", () => {
  it("leaves each wanted rule once, on its side of what takes packets away, and nothing else of ours", () => {
    fc.assert(
      fc.property(place, chain, keys, (which, rules, want) => {
        const after = applied(which, rules, want);
        const ours = after.flatMap((rule) => rule.key ?? []);
        expect(ours.sort()).toEqual([...want].sort());
        const inward = which[1] === "head" ? after : after.toReversed();
        const taker = inward.findIndex(({ takes }) => takes);
        const beyond = taker < 0 ? [] : inward.slice(taker);
        expect(beyond.filter((rule) => rule.key !== undefined)).toEqual([]);
      }),
    );
  });

  it("plans nothing for what it has made", () => {
    fc.assert(
      fc.property(place, chain, keys, (which, rules, want) => {
        const after = applied(which, rules, want);
        const again = planShared(
          named(which[0], after),
          wanted(...want),
          which[1],
        );
        expect(again.stale).toEqual([]);
        expect(again.missing).toEqual([]);
      }),
    );
  });

  it("keeps the rules of others, in their order", () => {
    fc.assert(
      fc.property(place, chain, keys, (which, rules, want) => {
        const theirs = (list: readonly Model[]) =>
          list.filter((rule) => rule.key === undefined);
        expect(theirs(applied(which, rules, want))).toEqual(theirs(rules));
      }),
    );
  });

  it("does not touch a rule that is right", () => {
    const rules = named("nft", [
      { takes: false },
      { key: "a", takes: false },
      { takes: true },
      { key: "b", takes: false },
    ]);
    const plan = planShared(rules, wanted("a", "b"), "head");
    expect(plan.stale).toEqual([rules[3]]);
    expect(plan.missing).toEqual(wanted("b"));
    expect([...plan.moved]).toEqual(["b"]);
  });
});
