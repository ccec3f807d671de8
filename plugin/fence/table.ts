import type { Cidr } from "../../ip/cidr.ts";
import {
  type Expression,
  type Hook,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_RAW,
  NFT_CT_SRC_IP,
  NFT_CT_SRC_IP6,
  NFT_META_NFPROTO,
  NFT_META_SECPATH,
  NFT_RT_XFRM,
} from "../../native/index.ts";
import {
  COUNTER,
  equals,
  inSet,
  REGISTER,
} from "../netfilter/base/expressions.ts";
import { FAMILIES, type Family, traitsOf } from "../netfilter/base/family.ts";
import { outermostOf } from "../netfilter/base/network-pairs.ts";
import type {
  OwnedRule,
  OwnedSet,
  OwnedTable,
} from "../netfilter/table/table.ts";

/** enum ip_conntrack_dir: include/uapi/linux/netfilter/nf_conntrack_tuple_common.h. */
const IP_CT_DIR_ORIGINAL = 0;

/** Behind every source NAT: what a packet is then, it is on the wire. */
const OUT: Hook = {
  type: "filter",
  hook: NF_INET_POST_ROUTING,
  priority: 300,
  policy: "accept",
};

/** Before connection tracking, and so before whatever would give the packet another address. */
const IN: Hook = {
  type: "filter",
  hook: NF_INET_PRE_ROUTING,
  priority: NF_IP_PRI_RAW,
  policy: "accept",
};

/**
 * The fence in nf_tables: what is for these CIDRs leaves only where the kernel is going to encrypt it, and what comes from
 * them is taken only where the kernel has decrypted it. A table of its own family, which no change of NAT touches.
 */
export function fenceTable(
  cidrs: readonly Cidr[],
  leaves: readonly Cidr[] = [],
): OwnedTable {
  const sets = FAMILIES.map((family) =>
    setOf(setName(family), family, cidrs),
  ).filter(isFilled);
  const inner = FAMILIES.map((family) =>
    setOf(leafSetName(family), family, leaves),
  ).filter(
    (set) => isFilled(set) && sets.some(({ family }) => family === set.family),
  );
  const rules = (end: "source" | "destination"): OwnedRule[] =>
    sets.map(({ name, family = 4 }) => dropRule(end, family, name));
  return {
    family: "inet",
    sets: [...sets, ...inner],
    chains:
      sets.length === 0
        ? []
        : [
            {
              name: "postrouting",
              hook: OUT,
              rules: [
                ...rules("destination"),
                ...inner.flatMap(({ family = 4 }) => leafRules(family)),
              ],
            },
            { name: "prerouting", hook: IN, rules: rules("source") },
          ],
  };
}

/** Name of the set with a family's fenced CIDRs. */
export function setName(family: Family): string {
  return `remote${String(family)}`;
}

/** Name of the set with the pods' CIDRs of a gateway's leaves. */
export function leafSetName(family: Family): string {
  return `leaf${String(family)}`;
}

function setOf(name: string, family: Family, cidrs: readonly Cidr[]): OwnedSet {
  const networks = outermostOf(cidrs.filter((cidr) => cidr.family === family));
  return { name, family, networks };
}

function isFilled({ networks }: OwnedSet): boolean {
  return networks.length > 0;
}

/** What a remote pod sent goes on to a leaf by ESP alone, under whatever address it leaves: a masquerade hides its source. */
function leafRules(family: Family): OwnedRule[] {
  const { number, word } = traitsOf(family);
  const sources: readonly (readonly [string, Expression[]])[] = [
    [`${word} saddr`, inSet("source", family, setName(family))],
    [`ct original ${word} saddr`, originallyFrom(family)],
  ];
  return sources.map(([words, from]) => ({
    purpose: `${words} @${setName(family)} ${word} daddr @${leafSetName(family)} rt ipsec missing drop`,
    expressions: [
      ...isFamily(number),
      ...from,
      ...inSet("destination", family, leafSetName(family)),
      unencrypted(),
      equals(0),
      COUNTER,
      { kind: "verdict", verdict: "drop" },
    ],
  }));
}

function originallyFrom(family: Family): Expression[] {
  return [
    {
      kind: "ct",
      key: family === 4 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6,
      access: "load",
      register: REGISTER,
      direction: IP_CT_DIR_ORIGINAL,
    },
    {
      kind: "lookup",
      set: setName(family),
      register: REGISTER,
      inverted: false,
    },
  ];
}

function dropRule(
  end: "source" | "destination",
  family: Family,
  set: string,
): OwnedRule {
  const { number, word } = traitsOf(family);
  const [address, missing, words] =
    end === "destination"
      ? ["daddr", unencrypted(), "rt ipsec missing"]
      : ["saddr", undecrypted(), "meta ipsec missing"];
  return {
    purpose: `${word} ${address} @${set} ${words} drop`,
    expressions: [
      ...isFamily(number),
      ...inSet(end, family, set),
      missing,
      equals(0),
      COUNTER,
      { kind: "verdict", verdict: "drop" },
    ],
  };
}

/** `rt ipsec`: whether the packet's route ends in a transformation. */
function unencrypted(): Expression {
  return { kind: "rt", key: NFT_RT_XFRM, register: REGISTER };
}

/** `meta ipsec`: whether the packet came out of one. */
function undecrypted(): Expression {
  return {
    kind: "meta",
    key: NFT_META_SECPATH,
    access: "load",
    register: REGISTER,
  };
}

function isFamily(number: number): Expression[] {
  return [
    {
      kind: "meta",
      key: NFT_META_NFPROTO,
      access: "load",
      register: REGISTER,
    },
    equals(number),
  ];
}
