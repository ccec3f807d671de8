import { signOf } from "../../../../../plugin/reconcile/sentence.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cidrOf, parseCidr } from "../../../../../ip/cidr.ts";
import { prefixInterval } from "../../../../../native/nftables/interval.ts";
import { expressionsKey } from "../../../../../native/nftables/expression/expression.ts";
import type { NftOperation } from "../../../../../plugin/netfilter/base/operation.ts";
import { KUBE_PROXY_MARK } from "../../../../../plugin/netfilter/base/foreign.ts";
import { planTable } from "../../../../../plugin/netfilter/table/plan.ts";
import type {
  ObservedOwnedTable,
  OwnedTable,
} from "../../../../../plugin/netfilter/table/table.ts";
import { desiredTable } from "../../../../../plugin/netfilter/desired-table.ts";
import { outermostOf } from "../../../../../plugin/netfilter/base/network-pairs.ts";

const hook = { type: "nat", hook: 4, priority: 90, policy: "accept" } as const;
const ABSENT: ObservedOwnedTable = {
  family: 4,
  exists: false,
  altered: false,
  sets: [],
  chains: [],
};

/** What is in the kernel once a table is as it should be. */
function built(table: OwnedTable): ObservedOwnedTable {
  let handle = 0n;
  return {
    family: table.family,
    exists: table.chains.length > 0,
    altered: false,
    sets: table.sets.map(({ name, networks }) => ({
      name,
      usable: true,
      intervals: networks.map(({ bytes, prefix }) =>
        prefixInterval({ address: bytes, length: prefix }),
      ),
    })),
    chains: table.chains.map((chain) => ({
      name: chain.name,
      base: chain.hook,
      rules: chain.rules.map(({ expressions }) => ({
        handle: ++handle,
        key: expressionsKey(expressions),
      })),
    })),
  };
}

function identity(...pairs: (readonly [string, string])[]): OwnedTable {
  const list = pairs.map(([local, remote]) => ({
    local: parseCidr(local),
    remote: parseCidr(remote),
    encrypted: false,
  }));
  return desiredTable(list, 4, { mode: "identity", spares: [KUBE_PROXY_MARK] });
}

const operations = (steps: readonly NftOperation[]) =>
  steps.map((step) => `${signOf(step)} ${step.sentence}`);
const messages = (steps: readonly unknown[]) =>
  (steps as NftOperation[]).flatMap(({ requests }) =>
    requests().map(({ operation }) => operation),
  );

const pairs = fc.array(
  fc
    .tuple(fc.nat(3), fc.nat(7))
    .map(
      ([local, remote]) =>
        [`10.${local}.0.0/16`, `20.${remote}.0.0/16`] as const,
    ),
  { maxLength: 12 },
);

describe("planTable()", () => {
  it("plans nothing where the table is as it should be", () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const table = identity(...list);
        expect(planTable(table, built(table))).toEqual([]);
      }),
    );
  });

  it("never empties a set that stays: it adds and deletes what differs", () => {
    const before = built(
      identity(["10.0.0.0/16", "20.0.0.0/16"], ["10.0.0.0/16", "20.1.0.0/16"]),
    );
    const after = identity(
      ["10.0.0.0/16", "20.1.0.0/16"],
      ["10.0.0.0/16", "20.2.0.0/16"],
    );
    expect(operations(planTable(after, before))).toEqual([
      "- 20.0.0.0 up to 20.1.0.0 from set ip crosslink remote",
      "+ 20.2.0.0/16 in set ip crosslink remote",
    ]);
  });

  it("makes table, sets, elements, chain and rules in the order in which they need each other", () => {
    const steps = planTable(identity(["10.0.0.0/16", "20.0.0.0/16"]), ABSENT);
    expect(messages(steps)).toEqual([
      "NFT_MSG_NEWTABLE",
      "NFT_MSG_NEWSET",
      "NFT_MSG_NEWSETELEM",
      "NFT_MSG_NEWSET",
      "NFT_MSG_NEWSETELEM",
      "NFT_MSG_NEWCHAIN",
      "NFT_MSG_NEWRULE",
      "NFT_MSG_NEWRULE",
    ]);
  });

  it("removes the table when nothing in it is wanted, and only then", () => {
    const before = built(identity(["10.0.0.0/16", "20.0.0.0/16"]));
    const nothing = { family: 4, sets: [], chains: [] } as const;
    expect(operations(planTable(nothing, before))).toEqual([
      "- table ip crosslink",
    ]);
    expect(planTable(nothing, ABSENT)).toEqual([]);
  });

  it("replaces rules that somebody changed, and takes strange chains and sets away", () => {
    const table = identity(["10.0.0.0/16", "20.0.0.0/16"]);
    const right = built(table);
    const [chain] = right.chains;
    const damaged: ObservedOwnedTable = {
      ...right,
      sets: [...right.sets, { name: "odd", usable: true, intervals: [] }],
      chains: [
        { ...chain!, rules: chain!.rules.toReversed() },
        { name: "strange", rules: [] },
      ],
    };
    const steps = planTable(table, damaged);
    expect(steps.map(signOf)).toEqual(["~", "-", "-"]);
    expect(messages(steps)).toEqual([
      "NFT_MSG_DELRULE",
      "NFT_MSG_DELRULE",
      "NFT_MSG_NEWRULE",
      "NFT_MSG_NEWRULE",
      "NFT_MSG_DELCHAIN",
      "NFT_MSG_DELSET",
    ]);
  });

  it.each<[string, (right: ObservedOwnedTable) => ObservedOwnedTable]>([
    ["is switched off", (right) => ({ ...right, altered: true })],
    [
      "has a set of another type",
      (right) => ({
        ...right,
        sets: right.sets.map((set) => ({ ...set, usable: false })),
      }),
    ],
    [
      "has its chain at another priority",
      (right) => ({
        ...right,
        chains: right.chains.map((chain) => ({
          ...chain,
          base: { ...hook, priority: 95 },
        })),
      }),
    ],
  ])("makes it anew, in the same transaction, where it %s", (_, damage) => {
    const table = identity(["10.0.0.0/16", "20.0.0.0/16"]);
    const [first, ...rest] = planTable(table, damage(built(table)));
    expect(first!.sentence).toBe("table ip crosslink");
    expect(messages([first])).toEqual(["NFT_MSG_DELTABLE"]);
    expect(operations(rest)).toEqual(operations(planTable(table, ABSENT)));
  });
});

describe("outermostOf()", () => {
  it("leaves intervals that do not overlap and cover the same addresses", () => {
    const network = fc
      .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 16 }))
      .map(([a, b, prefix]) => cidrOf(Uint8Array.of(a, b, 0, 0), prefix));
    fc.assert(
      fc.property(fc.array(network), (networks) => {
        const outermost = outermostOf(networks);
        const size = ({ prefix }: { prefix: number }) => 2 ** (32 - prefix);
        const covered = new Set<number>();
        for (const { bytes, prefix } of networks) {
          const first = (bytes[0]! << 8) | bytes[1]!;
          for (let at = 0; at < 2 ** (16 - prefix); at++)
            covered.add(first + at);
        }
        expect(outermost.reduce((total, one) => total + size(one), 0)).toBe(
          covered.size * 65536,
        );
      }),
    );
  });
});
