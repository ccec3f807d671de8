import {
  NF_INET_POST_ROUTING,
  NF_IP_PRI_NAT_SRC,
} from "../../native/nftables/constants.ts";
import {
  COUNTER,
  type End,
  inSet,
  load,
  REGISTER,
  withoutMark,
} from "../netfilter/expressions.ts";
import { type Family, traitsOf } from "../netfilter/family.ts";
import type {
  OwnedChain,
  OwnedRule,
  OwnedSet,
} from "../netfilter/table/table.ts";
import { groupExemptions, type NetworkPair } from "./exemption-groups.ts";

/** Ahead of every masquerade at its usual priority, and of Calico's (srcnat + 10). */
export const IDENTITY_PRIORITY = NF_IP_PRI_NAT_SRC - 10;
/** The chain of the identity SNAT in our table. */
export const IDENTITY_CHAIN = "postrouting";

/** What our table holds so that these pairs keep their source addresses; nothing for no pairs. */
export interface IdentityParts {
  readonly sets: readonly OwnedSet[];
  readonly chains: readonly OwnedChain[];
}

/**
 * A source NAT to the address that the packet has already. The kernel asks NAT hooks in turn until one of them has set
 * the connection's mapping (nf_nat_inet_fn() in net/netfilter/nf_nat_core.c): an accept or a return sets none, this does.
 */
export function identityParts(
  pairs: readonly NetworkPair[],
  family: Family,
): IdentityParts {
  const groups = groupExemptions(pairs, family);
  if (groups.length === 0) return { sets: [], chains: [] };
  return {
    sets: groups.flatMap(({ locals, remotes }, index) => [
      { name: setName("local", index), networks: locals },
      { name: setName("remote", index), networks: remotes },
    ]),
    chains: [
      {
        name: IDENTITY_CHAIN,
        hook: {
          type: "nat",
          hook: NF_INET_POST_ROUTING,
          priority: IDENTITY_PRIORITY,
          policy: "accept",
        },
        rules: groups.flatMap((_, index) => [
          rule(family, setName("local", index), setName("remote", index)),
          rule(family, setName("remote", index), setName("local", index)),
        ]),
      },
    ],
  };
}

function rule(family: Family, from: string, to: string): OwnedRule {
  const match = (end: End, set: string) => inSet(end, family, set);
  const { number, word, length } = traitsOf(family);
  return {
    purpose: `${word} saddr @${from} ${word} daddr @${to} snat to ${word} saddr`,
    expressions: [
      ...match("source", from),
      ...match("destination", to),
      ...withoutMark(),
      COUNTER,
      load("source", family, length),
      {
        kind: "nat",
        type: "snat",
        family: number,
        addressRegister: REGISTER,
        flags: 0,
      },
    ],
  };
}

function setName(base: string, index: number): string {
  return index === 0 ? base : `${base}${index + 1}`;
}
