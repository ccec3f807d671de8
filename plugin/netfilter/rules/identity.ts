import {
  COUNTER,
  type AddressSide,
  inSet,
  keepSource,
  withoutMarks,
} from "../base/expressions.ts";
import { type Family, traitsOf } from "../base/family.ts";
import type { TableContext } from "../table/context.ts";
import type { OwnedRule } from "../table/table.ts";
import type { PacketMark } from "../base/mark.ts";
import { groupPairs } from "../base/network-pairs.ts";
import type { NetworkPair } from "../../mesh/state.ts";

/**
 * Rules that give a packet the source that it has already. The kernel asks NAT hooks in turn until one of them has set the
 * connection's mapping (nf_nat_inet_fn() in net/netfilter/nf_nat_core.c): an accept or a return sets none, this does.
 */
export function identityRules(
  pairs: readonly NetworkPair[],
  family: Family,
  { pool, spares }: TableContext,
): OwnedRule[] {
  return groupPairs(pairs, family).flatMap(({ locals, remotes }) => {
    const local = pool.nameOf("local", locals);
    const remote = pool.nameOf("remote", remotes);
    return [
      rule(family, [local, remote], spares),
      rule(family, [remote, local], spares),
    ];
  });
}

function rule(
  family: Family,
  [from, to]: readonly [string, string],
  spares: readonly PacketMark[],
): OwnedRule {
  const match = (end: AddressSide, set: string) => inSet(end, family, set);
  const { word } = traitsOf(family);
  return {
    purpose: `${word} saddr @${from} ${word} daddr @${to} snat to ${word} saddr`,
    expressions: [
      ...match("source", from),
      ...match("destination", to),
      ...withoutMarks(spares),
      COUNTER,
      ...keepSource(family),
    ],
  };
}
