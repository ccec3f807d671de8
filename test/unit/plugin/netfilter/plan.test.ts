import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../ip/cidr.ts";
import { chooseBackends } from "../../../../plugin/netfilter/backend.ts";
import { KUBE_PROXY_MARK } from "../../../../plugin/netfilter/base/foreign.ts";
import { groupPairs } from "../../../../plugin/netfilter/base/network-pairs.ts";
import { desiredTable } from "../../../../plugin/netfilter/desired-table.ts";
import { staleness } from "../../../../plugin/netfilter/mappings.ts";
import { planSnat } from "../../../../plugin/netfilter/plan.ts";
import { bothWays } from "../../../../plugin/netfilter/shared/both-ways.ts";
import type {
  ObservedLegacy,
  ObservedFamily,
  ObservedSnat,
} from "../../../../plugin/netfilter/state.ts";
import { describeSnat } from "../../../../plugin/netfilter/explain.ts";
import type { Flow } from "../../../../plugin/netfilter/trace/flow.ts";
import type {
  Backend,
  SharedChain,
} from "../../../../plugin/netfilter/shared/chain.ts";

const pair = (local: string, remote: string) => ({
  local: parseCidr(local),
  remote: parseCidr(remote),
  encrypted: false,
});
const PAIRS = [
  pair("10.1.0.0/24", "10.2.0.0/16"),
  pair("10.1.1.0/24", "10.2.0.0/16"),
  pair("10.1.0.0/24", "10.3.0.0/16"),
  pair("10.1.1.0/24", "10.3.0.0/16"),
  pair("fd00:1::/64", "fd00:2::/64"),
];
const RETURN = { verdict: "RETURN", spares: [KUBE_PROXY_MARK] } as const;
const NO_FACTS = { nodeChains: false, rewrites: false, rules: false };

const emptyChain = (
  which: Backend,
  family: 4 | 6,
  name: Pick<SharedChain, "table" | "chain">,
): SharedChain => ({
  backend: which,
  family,
  ...name,
  exists: false,
  policy: "accept",
  rules: [],
});

function backend(
  which: Backend,
  family: 4 | 6,
  facts = NO_FACTS,
): ObservedLegacy {
  const chain = (table: SharedChain["table"], name: SharedChain["chain"]) =>
    emptyChain(which, family, { table, chain: name });
  return {
    postrouting: chain("nat", "POSTROUTING"),
    prerouting: chain("nat", "PREROUTING"),
    forward: chain("filter", "FORWARD"),
    mangle: chain("mangle", "FORWARD"),
    facts,
    ahead: [],
  };
}

function family(
  which: 4 | 6,
  more: Partial<ObservedFamily> = {},
): ObservedFamily {
  return {
    family: which,
    table: {
      family: which,
      exists: false,
      altered: false,
      sets: [],
      chains: [],
    },
    canNat: () => true,
    nft: backend("nft", which),
    legacy: backend("legacy", which),
    legacyUnreadable: false,
    spares: [KUBE_PROXY_MARK],
    rivals: [],
    ...more,
  };
}

const observed = (more: Partial<ObservedFamily> = {}): ObservedSnat => ({
  generation: 7,
  families: [family(4, more), family(6, more)],
});

const sentences = (
  mode: "return" | "identity" | "auto" | "off",
  state = observed(),
) =>
  planSnat({ exemptions: PAIRS, mode }, state).operations.map(
    ({ sentence }) => sentence,
  );

describe("planSnat()", () => {
  it('does nothing for "off" where nothing is', () => {
    expect(sentences("off")).toEqual([]);
  });

  it('writes only RETURN rules for "return", only our table for "identity", both for "auto"', () => {
    expect(
      sentences("return").every((text) => text.includes("nat POSTROUTING")),
    ).toBe(true);
    expect(
      sentences("identity").every((text) => text.includes("crosslink")),
    ).toBe(true);
    expect(
      sentences("identity").some((text) => text.includes("POSTROUTING")),
    ).toBe(false);
    expect(sentences("auto")).toHaveLength(
      sentences("return").length + sentences("identity").length,
    );
  });

  it.each(["return", "off"] as const)(
    'maps global addresses for "%s" where all remotes are plain',
    (mode) => {
      const exemptions = [
        {
          ...pair("10.1.0.0/24", "192.168.10.0/24"),
          encrypted: false,
          global: parseCidr("100.64.0.0/24"),
        },
      ];
      const made = planSnat({ exemptions, mode }, observed()).operations;
      expect(made.map(({ sentence }) => sentence).join("\n")).toContain(
        "snat prefix to 100.64.0.0/24",
      );
    },
  );

  it('asks nobody whether the kernel can NAT where "return" or "off" is wanted and a backend is known', () => {
    const state = observed({
      canNat: () => {
        throw new Error("asked");
      },
      nft: backend("nft", 4, { ...NO_FACTS, nodeChains: true }),
    });
    expect(() => sentences("return", state)).not.toThrow();
    expect(() => sentences("off", state)).not.toThrow();
  });

  it('falls back to RETURN alone for "auto", and refuses "identity", where nf_tables cannot NAT', () => {
    const state = observed({ canNat: () => false });
    expect(
      sentences("auto", state).every((text) => text.includes("(legacy)")),
    ).toBe(true);
    expect(() => sentences("identity", state)).toThrow(
      expect.objectContaining({ code: 102 }) as Error,
    );
  });

  it("says what is missing where only legacy iptables could help and is not installed", () => {
    const { legacy: _, ...rest } = family(4, {
      canNat: () => false,
      legacyUnreadable: true,
    });
    expect(() =>
      planSnat({ exemptions: PAIRS, mode: "auto" }, { families: [rest] }),
    ).toThrow("its programs are missing");
  });

  it("names pairs as fresh whose rules are new, and no others", () => {
    const plan = planSnat({ exemptions: PAIRS, mode: "auto" }, observed());
    expect(plan.fresh).toEqual(PAIRS);
    expect(
      planSnat({ exemptions: [], mode: "auto" }, observed()).fresh,
    ).toEqual([]);
  });
});

describe("bothWays()", () => {
  it("has both directions of each pair, once, of one family", () => {
    const rules = bothWays([...PAIRS, ...PAIRS], 4, RETURN);
    expect(rules).toHaveLength(8);
    expect(rules[0]).toMatchObject(RETURN);
    expect(
      new Set(
        rules.map(
          ({ source, destination }) => `${source.text} ${destination.text}`,
        ),
      ).size,
    ).toBe(8);
    expect(bothWays(PAIRS, 6, RETURN)).toHaveLength(2);
  });
});

describe("groupPairs()", () => {
  it("is one product for a node's usual pairs", () => {
    const [group, ...others] = groupPairs(PAIRS, 4);
    expect(others).toEqual([]);
    expect(group!.locals.map(({ text }) => text)).toEqual([
      "10.1.0.0/24",
      "10.1.1.0/24",
    ]);
    expect(group!.remotes.map(({ text }) => text)).toEqual([
      "10.2.0.0/16",
      "10.3.0.0/16",
    ]);
  });

  it("keeps pairs apart that are no product, so that no other traffic is exempted", () => {
    const groups = groupPairs(
      [pair("10.1.0.0/24", "10.2.0.0/16"), pair("10.5.0.0/24", "10.3.0.0/16")],
      4,
    );
    expect(groups).toHaveLength(2);
    const { sets, chains } = desiredTable(
      [pair("10.1.0.0/24", "10.2.0.0/16"), pair("10.5.0.0/24", "10.3.0.0/16")],
      4,
      { mode: "identity", spares: [KUBE_PROXY_MARK] },
    );
    expect(sets.map(({ name }) => name)).toEqual([
      "local",
      "remote",
      "local2",
      "remote2",
    ]);
    expect(chains[0]!.rules).toHaveLength(4);
  });
});

describe("chooseBackends()", () => {
  const none = NO_FACTS;
  const kube = { nodeChains: true, rewrites: false, rules: true };
  const masquerade = { nodeChains: false, rewrites: true, rules: true };
  const rules = { ...none, rules: true };
  it.each([
    ["kube chains in nft", { nft: kube, legacy: none }, true, ["nft"]],
    ["kube chains in legacy", { nft: none, legacy: kube }, true, ["legacy"]],
    [
      "kube chains in nft, other rules in legacy",
      { nft: kube, legacy: rules },
      true,
      ["nft"],
    ],
    [
      "kube chains in legacy, other rules in nft",
      { nft: rules, legacy: kube },
      true,
      ["legacy"],
    ],
    [
      "kube chains in nft, a masquerade in legacy",
      { nft: kube, legacy: masquerade },
      true,
      ["nft", "legacy"],
    ],
    ["nothing", { nft: none, legacy: none }, true, ["nft"]],
    [
      "nothing, and no NAT in nf_tables",
      { nft: none, legacy: none },
      false,
      ["legacy"],
    ],
    ["rules in legacy only", { nft: none, legacy: rules }, true, ["legacy"]],
    ["no legacy programs", { nft: none, legacy: undefined }, true, ["nft"]],
    ["neither", { nft: undefined, legacy: undefined }, false, []],
  ] as const)("with %s", (_, facts, canNat, expected) => {
    expect(chooseBackends({ ...facts, canNat: () => canNat })).toEqual(
      expected,
    );
  });
});

describe("stale mappings", () => {
  const address = (text: string) => parseCidr(`${text}/32`).bytes;
  const tuple = ([source, destination]: readonly [string, string]) => ({
    source: address(source),
    destination: address(destination),
    protocol: 17,
  });
  const isStale = staleness(PAIRS);
  it.each([
    [
      "a masqueraded connection to a remote pod",
      ["10.1.0.5", "10.2.0.6"],
      ["10.2.0.6", "172.16.0.1"],
      true,
    ],
    [
      "one from a remote pod",
      ["10.2.0.6", "10.1.0.5"],
      ["10.1.0.5", "10.1.0.1"],
      true,
    ],
    [
      "one behind a service's address",
      ["10.1.0.5", "10.96.0.10"],
      ["10.3.0.6", "172.16.0.1"],
      true,
    ],
    [
      "one to elsewhere",
      ["10.1.0.5", "8.8.8.8"],
      ["8.8.8.8", "172.16.0.1"],
      false,
    ],
    [
      "one of the node's",
      ["172.16.0.1", "10.2.0.6"],
      ["10.2.0.6", "172.16.0.9"],
      false,
    ],
    [
      "one without source NAT",
      ["10.1.0.5", "10.2.0.6"],
      ["10.2.0.6", "10.1.0.5"],
      false,
    ],
  ] as const)("%s", (_, first, answer, stale) => {
    const entry = {
      original: tuple(first),
      reply: tuple(answer),
    };
    expect(isStale(entry)).toBe(stale);
  });
});

const FLOWS: Flow[] = PAIRS.map(({ local, remote }) => ({
  family: local.family,
  source: local,
  destination: remote,
  inputs: [],
  outputs: [],
}));

describe("describeSnat()", () => {
  it("is silent where nothing is ours", () => {
    expect(describeSnat(observed(), () => [])).toEqual([]);
  });

  it("says what defeats a RETURN, and that identity SNAT wins", () => {
    const chain = {
      ...backend("nft", 4).postrouting,
      rules: [
        {
          key: "k",
          takes: false,
          name: { backend: "nft", handle: 1n } as const,
        },
      ],
    };
    const state = (identity: boolean): ObservedSnat => ({
      families: [
        family(4, {
          nft: {
            ...backend("nft", 4),
            postrouting: chain,
            ahead: ["cali-POSTROUTING"],
          },
          rivals: [
            {
              name: "ip flannel-ipv4 postrtg",
              families: [4],
              stage: "POSTROUTING",
              ways: ["forward", "out"],
              priority: 100,
              isShared: false,
              chain: {
                policy: "accept",
                rules: [
                  {
                    name: "rule 1",
                    action: { kind: "rewrite" },
                    marks: [],
                    matches: () => "some",
                  },
                ],
                chain: () => [],
              },
            },
          ],
          ...(identity
            ? {
                table: {
                  family: 4,
                  exists: true,
                  altered: false,
                  sets: [],
                  chains: [
                    { name: "postrouting", rules: [{ handle: 1n, key: "k" }] },
                  ],
                },
              }
            : {}),
        }),
      ],
    });
    expect(describeSnat(state(false), () => FLOWS).join("\n")).toMatch(
      /RETURN cannot win against chain ip flannel-ipv4 postrtg[\s\S]*cali-POSTROUTING/,
    );
    expect(describeSnat(state(true), () => FLOWS).join("\n")).toContain("wins");
  });
});
