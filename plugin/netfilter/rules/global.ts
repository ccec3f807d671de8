import { type Cidr, lastAddress } from "../../../ip/cidr.ts";
import { type Expression, NF_NAT_RANGE_NETMAP } from "../../../native/index.ts";
import {
  COUNTER,
  inNetwork,
  inSet,
  REGISTER,
  withoutMarks,
} from "../base/expressions.ts";
import { type Family, traitsOf } from "../base/family.ts";
import type { PacketMark } from "../base/mark.ts";
import type { TableContext } from "../table/context.ts";
import { legacyRule, type WantedRule } from "../shared/pair-rule.ts";
import type { OwnedRule } from "../table/table.ts";
import { outermostOf } from "../base/network-pairs.ts";
import type { NetworkPair } from "../../mesh/state.ts";

/** Rules that give own networks, one to one, the addresses under which other clusters see them. */
export interface GlobalRules<Rule> {
  /** For packets to other clusters, behind routing. */
  readonly outgoing: readonly Rule[];
  /** For packets from other clusters, before routing. */
  readonly incoming: readonly Rule[];
}

/** In our own table. */
export function globalRules(
  pairs: readonly NetworkPair[],
  family: Family,
  { pool, spares }: TableContext,
): GlobalRules<OwnedRule> {
  const mappings = mappingsOf(pairs, family).map((mapping) => ({
    ...mapping,
    set: pool.nameOf("remote", mapping.remotes),
  }));
  const { word } = traitsOf(family);
  return {
    outgoing: mappings.map(({ own, global, set }) => ({
      purpose: `${word} saddr ${own.text} ${word} daddr @${set} snat prefix to ${global.text}`,
      expressions: [
        ...inNetwork("source", own),
        ...inSet("destination", family, set),
        ...withoutMarks(spares),
        COUNTER,
        ...prefixNat("snat", global),
      ],
    })),
    incoming: mappings.map(({ own, global, set }) => ({
      purpose: `${word} saddr @${set} ${word} daddr ${global.text} dnat prefix to ${own.text}`,
      expressions: [
        ...inSet("source", family, set),
        ...inNetwork("destination", global),
        COUNTER,
        ...prefixNat("dnat", own),
      ],
    })),
  };
}

/** In legacy iptables, where the kernel has no NAT in nf_tables. */
export function legacyGlobalRules(
  pairs: readonly NetworkPair[],
  spares: readonly PacketMark[],
): GlobalRules<WantedRule> {
  const mapped = pairs.flatMap(({ local, remote, global }) =>
    global === undefined ? [] : [{ local, remote, global }],
  );
  return {
    outgoing: mapped.map(({ local, remote, global }) =>
      legacyRule({
        source: local,
        destination: remote,
        spares,
        opensTcp: false,
        target: `NETMAP --to ${global.text}`,
      }),
    ),
    incoming: mapped.map(({ local, remote, global }) =>
      legacyRule({
        source: remote,
        destination: global,
        spares: [],
        opensTcp: false,
        target: `NETMAP --to ${local.text}`,
      }),
    ),
  };
}

interface Mapping {
  readonly own: Cidr;
  readonly global: Cidr;
  readonly remotes: readonly Cidr[];
}

function mappingsOf(pairs: readonly NetworkPair[], family: Family): Mapping[] {
  const found = new Map<string, { own: Cidr; global: Cidr; remotes: Cidr[] }>();
  for (const { local, remote, global } of pairs) {
    if (global === undefined || local.family !== family) continue;
    const key = `${local.text} ${global.text}`;
    const mapping = found.get(key) ?? { own: local, global, remotes: [] };
    mapping.remotes.push(remote);
    found.set(key, mapping);
  }
  return [...found.values()].map((mapping) => ({
    ...mapping,
    remotes: outermostOf(mapping.remotes),
  }));
}

/** Keeps the host bits: NF_NAT_RANGE_NETMAP over the whole network. */
function prefixNat(type: "snat" | "dnat", network: Cidr): Expression[] {
  return [
    { kind: "immediate", register: REGISTER, value: network.bytes },
    {
      kind: "immediate",
      register: REGISTER + 1,
      value: lastAddress(network).bytes,
    },
    {
      kind: "nat",
      type,
      family: traitsOf(network.family).number,
      addressRegister: REGISTER,
      lastAddressRegister: REGISTER + 1,
      flags: NF_NAT_RANGE_NETMAP,
    },
  ];
}
