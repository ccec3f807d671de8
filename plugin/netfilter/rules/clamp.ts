import {
  type Expression,
  NF_INET_FORWARD,
  NF_IP_PRI_MANGLE,
  NFT_META_L4PROTO,
  NFT_RT_TCPMSS,
} from "../../../native/index.ts";
import { COUNTER, equals, inSet, REGISTER } from "../base/expressions.ts";
import { type Family, traitsOf } from "../base/family.ts";
import type { SetPool } from "../table/set-pool.ts";
import { legacyRule, type WantedRule } from "../shared/pair-rule.ts";
import type { OwnedChain, OwnedRule } from "../table/table.ts";
import { groupPairs } from "../base/network-pairs.ts";
import type { NetworkPair } from "../../mesh/state.ts";
import { segmentSize } from "../../mesh/mtu.ts";

/** The chain of the clamping in our table. */
const CLAMP_CHAIN = "forward";

const IPPROTO_TCP = 6;
const FLAGS_OFFSET = 13; // RFC 9293 §3.1
const SYN_RST = 0x06;
const SYN = 0x02;
const OPTION_MSS = 2; // RFC 9293 §3.2

/**
 * Lowers the segment size that TCP ends ask for, both ways: outward to what the packet's path leaves, which the kernel
 * knows with the tunnel's overhead; inward to what fits into the tunnel in answers, whose path it does not look up so.
 * The kernel never raises a size (nft_exthdr_tcp_set_eval(), net/netfilter/nft_exthdr.c).
 */
export function clampChain(
  pairs: readonly NetworkPair[],
  family: Family,
  context: { readonly pool: SetPool; readonly innerMtu: number },
): OwnedChain[] {
  const { pool, innerMtu } = context;
  const encrypted = pairs.filter((pair) => pair.encrypted);
  const size = segmentSize(innerMtu, family);
  const rules = groupPairs(encrypted, family).flatMap(
    ({ locals, remotes }): OwnedRule[] => {
      const local = pool.nameOf("local", locals);
      const remote = pool.nameOf("remote", remotes);
      return [
        rule(family, [local, remote], { what: "rt mtu", value: pathSize() }),
        rule(family, [remote, local], {
          what: String(size),
          value: [constant(size)],
        }),
      ];
    },
  );
  if (rules.length === 0) return [];
  return [
    {
      name: CLAMP_CHAIN,
      hook: {
        type: "filter",
        hook: NF_INET_FORWARD,
        priority: NF_IP_PRI_MANGLE,
        policy: "accept",
      },
      rules,
    },
  ];
}

/** The same for legacy iptables' mangle table. */
export function legacyClampRules(
  pairs: readonly NetworkPair[],
  innerMtu: number,
): WantedRule[] {
  return pairs.flatMap(({ local, remote, encrypted }) => {
    if (!encrypted) return [];
    const common = { spares: [], opensTcp: true };
    return [
      legacyRule({
        ...common,
        source: local,
        destination: remote,
        target: "TCPMSS --clamp-mss-to-pmtu",
      }),
      legacyRule({
        ...common,
        source: remote,
        destination: local,
        target: `TCPMSS --set-mss ${segmentSize(innerMtu, local.family)}`,
      }),
    ];
  });
}

interface Size {
  readonly what: string;
  /** Steps that leave the size in the register, in network order. */
  readonly value: readonly Expression[];
}

function rule(
  family: Family,
  [from, to]: readonly [string, string],
  { what, value }: Size,
): OwnedRule {
  const { word } = traitsOf(family);
  return {
    purpose: `${word} saddr @${from} ${word} daddr @${to} tcp option maxseg size set ${what}`,
    expressions: [
      ...inSet("source", family, from),
      ...inSet("destination", family, to),
      ...opensConnection(),
      COUNTER,
      ...value,
      {
        kind: "tcpOption",
        access: "store",
        option: OPTION_MSS,
        offset: 2,
        length: 2,
        register: REGISTER,
      },
    ],
  };
}

function opensConnection(): Expression[] {
  return [
    { kind: "meta", key: NFT_META_L4PROTO, access: "load", register: REGISTER },
    equals(IPPROTO_TCP),
    {
      kind: "payload",
      base: "transport",
      offset: FLAGS_OFFSET,
      length: 1,
      register: REGISTER,
    },
    {
      kind: "bitwise",
      source: REGISTER,
      destination: REGISTER,
      mask: Uint8Array.of(SYN_RST),
      xor: Uint8Array.of(0),
    },
    equals(SYN),
  ];
}

function pathSize(): Expression[] {
  return [
    { kind: "rt", key: NFT_RT_TCPMSS, register: REGISTER },
    {
      kind: "byteorder",
      operator: "hton",
      source: REGISTER,
      destination: REGISTER,
      length: 2,
      size: 2,
    },
  ];
}

function constant(size: number): Expression {
  const value = Uint8Array.of(size >> 8, size & 0xff);
  return { kind: "immediate", register: REGISTER, value };
}
