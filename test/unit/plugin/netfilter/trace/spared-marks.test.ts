import { describe, expect, it } from "vitest";
import { NFT_META_MARK } from "../../../../../native/nftables/constants.ts";
import type { Element } from "../../../../../native/nftables/element.ts";
import type { Expression } from "../../../../../native/nftables/expression/expression.ts";
import {
  type PacketMark,
  WHOLE_MARK,
} from "../../../../../plugin/netfilter/base/mark.ts";
import { KUBE_PROXY_MARK } from "../../../../../plugin/netfilter/base/foreign.ts";
import { parseSave } from "../../../../../plugin/netfilter/base/save.ts";
import type { BaseChain } from "../../../../../plugin/netfilter/trace/base-chain.ts";
import { readNftRule } from "../../../../../plugin/netfilter/trace/nft-rule.ts";
import { savedBaseChain } from "../../../../../plugin/netfilter/trace/saved-chains.ts";
import { sparedMarks } from "../../../../../plugin/netfilter/trace/spared-marks.ts";

/** POSTROUTING of a nat table as legacy iptables saves it; chains are those that rules are in. */
function saved(...rules: string[]): BaseChain {
  const chains = new Set(rules.map((rule) => rule.split(" ")[1]));
  const text = [
    "*nat",
    ...[...chains, "POSTROUTING"].map((chain) => `:${String(chain)} - [0:0]`),
    ...rules,
    "COMMIT",
  ].join("\n");
  const nat = parseSave(text).get("nat");
  if (nat === undefined) throw new Error(text);
  return savedBaseChain(nat, {
    family: 4,
    table: "nat",
    chain: "POSTROUTING",
    priority: 100,
  });
}

const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const MASQUERADE: Expression = { kind: "masq", flags: 0 };
const RETURN: Expression = { kind: "verdict", verdict: "return" };
const LOAD: Expression = {
  kind: "meta",
  key: NFT_META_MARK,
  access: "load",
  register: 1,
};
const under = (mask: number, xor = 0): Expression => ({
  kind: "bitwise",
  source: 1,
  destination: 1,
  mask: word(mask),
  xor: word(xor),
});
const compared = (operator: "==" | "!=", value: number): Expression => ({
  kind: "cmp",
  operator,
  register: 1,
  value: word(value),
});

/** A native base chain with these rules. */
function native(
  name: string,
  rules: readonly (readonly Expression[])[],
  elements: readonly Element[] = [],
): BaseChain {
  return {
    name,
    families: [4, 6],
    stage: "POSTROUTING",
    ways: ["forward", "out"],
    priority: 100,
    isShared: false,
    chain: {
      policy: "accept",
      rules: rules.flatMap((expressions, index) =>
        readNftRule({
          name: `rule ${String(index + 1)}`,
          expressions,
          elements: () => elements,
        }),
      ),
      chain: () => [],
    },
  };
}

const bit = (mask: number): PacketMark => ({ value: mask, mask });

describe("sparedMarks()", () => {
  it("takes kube-proxy's usual one where nothing tells", () => {
    expect(sparedMarks([], 4)).toEqual([KUBE_PROXY_MARK]);
    expect(
      sparedMarks([saved("-A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE")], 4),
    ).toEqual([KUBE_PROXY_MARK]);
  });

  it.each([
    [
      "what returns packets without it",
      [
        "-A POSTROUTING -j KUBE-POSTROUTING",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x8000/0x8000 -j RETURN",
        "-A KUBE-POSTROUTING -j MARK --set-xmark 0x8000/0x0",
        "-A KUBE-POSTROUTING -j MASQUERADE --random-fully",
      ],
      [bit(0x8000)],
    ],
    [
      "what masquerades packets with it",
      [
        "-A POSTROUTING -j KUBE-POSTROUTING",
        "-A KUBE-POSTROUTING -m mark --mark 0x1/0x1 -j MASQUERADE",
      ],
      [bit(1)],
    ],
    [
      "the highest bit",
      [
        "-A POSTROUTING -j KUBE-POSTROUTING",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x80000000/0x80000000 -j RETURN",
        "-A KUBE-POSTROUTING -j MASQUERADE",
      ],
      [bit(0x80000000)],
    ],
    [
      "a jump that only marked packets take",
      [
        "-A POSTROUTING -m mark --mark 0x20/0x20 -j KUBE-POSTROUTING",
        "-A KUBE-POSTROUTING -j SNAT --to-source 172.16.0.1",
      ],
      [bit(0x20)],
    ],
    [
      "portmap's beside kube-proxy's",
      [
        "-A POSTROUTING -j CNI-HOSTPORT-MASQ",
        "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
        "-A POSTROUTING -j KUBE-POSTROUTING",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x8000/0x8000 -j RETURN",
        "-A KUBE-POSTROUTING -j MASQUERADE",
      ],
      [bit(0x2000), bit(0x8000)],
    ],
    [
      "portmap's, and kube-proxy's usual one until that speaks",
      [
        "-A POSTROUTING -j CNI-HOSTPORT-MASQ",
        "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
      ],
      [bit(0x2000), KUBE_PROXY_MARK],
    ],
    [
      "a value of several bits",
      [
        "-A POSTROUTING -m mark --mark 0x40000/0xff0000 -j MASQUERADE",
        "-A POSTROUTING -m mark --mark 0x7 -j MASQUERADE",
      ],
      [
        KUBE_PROXY_MARK,
        { value: 0x40000, mask: 0xff0000 },
        { value: 7, mask: WHOLE_MARK },
      ],
    ],
  ])("reads %s", (_, rules, marks) => {
    expect(sparedMarks([saved(...rules)], 4)).toEqual(marks);
  });

  it.each([
    [
      "what is masqueraded without it",
      "-A POSTROUTING -m mark ! --mark 0x8/0x8 -j MASQUERADE",
    ],
    [
      "what keeps its address for it",
      "-A POSTROUTING -m mark --mark 0x8/0x8 -j RETURN",
      "-A POSTROUTING -j MASQUERADE",
    ],
    [
      "a chain that nothing leads to",
      "-A STRAY -m mark --mark 0x8/0x8 -j MASQUERADE",
    ],
    ["what is only logged", "-A POSTROUTING -m mark --mark 0x8/0x8 -j LOG"],
  ])("takes no mark from %s", (_, ...rules) => {
    expect(sparedMarks([saved(...rules)], 4)).toEqual([KUBE_PROXY_MARK]);
  });

  it.each([
    [
      "mark and 0x8000 == 0 return",
      [
        [LOAD, under(0x8000), compared("==", 0), RETURN],
        [LOAD, under(WHOLE_MARK, 0x8000), MASQUERADE],
      ],
      [bit(0x8000)],
    ],
    [
      "mark and 0x8000 == 0x8000",
      [[LOAD, under(0x8000), compared("==", 0x8000), MASQUERADE]],
      [bit(0x8000)],
    ],
    [
      "mark xor 0x8000 and 0x8000 == 0",
      [[LOAD, under(0x8000, 0x8000), compared("==", 0), MASQUERADE]],
      [bit(0x8000)],
    ],
    [
      "any bit of several",
      [[LOAD, under(0x600), compared("!=", 0), MASQUERADE]],
      [{ value: 0, mask: 0x600 }],
    ],
    [
      "a set of marks",
      [
        [
          LOAD,
          { kind: "lookup", set: "s", register: 1, inverted: false } as const,
          MASQUERADE,
        ],
      ],
      [
        { value: 5, mask: WHOLE_MARK },
        { value: 9, mask: WHOLE_MARK },
      ],
    ],
    [
      "a match of iptables' own",
      [
        [
          {
            kind: "match",
            name: "mark",
            revision: 1,
            info: Uint8Array.of(...word(0x8000), ...word(0x8000), 0, 0, 0, 0),
          } as const,
          MASQUERADE,
        ],
      ],
      [bit(0x8000)],
    ],
  ])("reads nf_tables' %s", (_, rules, marks) => {
    const elements = [5, 9].map((value) => ({
      key: word(value),
      intervalEnd: false,
    }));
    const chain = native("ip kube-proxy nat-postrouting", rules, elements);
    expect(sparedMarks([chain], 4)).toEqual(marks);
    expect(sparedMarks([chain], 6)).toEqual(marks);
  });

  it("joins what several chains say, and no more than a rule can hold", () => {
    const chains = Array.from({ length: 32 }, (_, index) =>
      native("ip kube-proxy nat-postrouting", [
        [LOAD, under(2 ** index), compared("!=", 0), MASQUERADE],
      ]),
    );
    expect(sparedMarks(chains, 4)).toHaveLength(16);
    expect(sparedMarks(chains.slice(0, 2), 4)).toEqual([bit(1), bit(2)]);
  });
});
