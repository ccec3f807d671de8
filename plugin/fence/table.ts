import type { Cidr } from "../../ip/cidr.ts";
import {
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_RAW,
  NFT_META_NFPROTO,
  NFT_META_SECPATH,
  NFT_RT_XFRM,
} from "../../native/nftables/constants.ts";
import type { Hook } from "../../native/nftables/chain.ts";
import type { Expression } from "../../native/nftables/expression/expression.ts";
import { COUNTER, inSet, REGISTER } from "../netfilter/base/expressions.ts";
import { FAMILIES, type Family, traitsOf } from "../netfilter/base/family.ts";
import { outermostOf } from "../netfilter/base/network-pairs.ts";
import type {
  OwnedRule,
  OwnedSet,
  OwnedTable,
} from "../netfilter/table/table.ts";

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
export function fenceTable(cidrs: readonly Cidr[]): OwnedTable {
  const sets = FAMILIES.map((family) => setOf(family, cidrs)).filter(
    ({ networks }) => networks.length > 0,
  );
  const rules = (end: "source" | "destination"): OwnedRule[] =>
    sets.map(({ name, family = 4 }) => dropRule(end, family, name));
  return {
    family: "inet",
    sets,
    chains:
      sets.length === 0
        ? []
        : [
            { name: "postrouting", hook: OUT, rules: rules("destination") },
            { name: "prerouting", hook: IN, rules: rules("source") },
          ],
  };
}

/** Name of the set with a family's fenced CIDRs. */
export function setName(family: Family): string {
  return `remote${String(family)}`;
}

function setOf(family: Family, cidrs: readonly Cidr[]): OwnedSet {
  const networks = outermostOf(cidrs.filter((cidr) => cidr.family === family));
  return { name: setName(family), family, networks };
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
      {
        kind: "meta",
        key: NFT_META_NFPROTO,
        access: "load",
        register: REGISTER,
      },
      equals(number),
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

function equals(byte: number): Expression {
  return {
    kind: "cmp",
    operator: "==",
    register: REGISTER,
    value: Uint8Array.of(byte),
  };
}
