import { OWN_TABLE } from "../owned.ts";
import { traitsOf } from "./base/family.ts";
import { IDENTITY_PRIORITY, SOURCE_CHAIN } from "./desired-table.ts";
import type { ObservedFamily, ObservedSnat } from "./state.ts";

/** What keeps the pods' source addresses on this node, and what may defeat it, a sentence each. */
export function describeSnat({ families }: ObservedSnat): string[] {
  return families.flatMap((family) => {
    const works = [...describeReturns(family), ...describeIdentity(family)];
    return works.length === 0 ? [] : [...works, ...describeRivals(family)];
  });
}

function describeReturns(family: ObservedFamily): string[] {
  return [family.nft, family.legacy].flatMap((backend) => {
    const count = backend?.postrouting.rules.filter(
      ({ key }) => key !== undefined,
    ).length;
    if (backend === undefined || !count) return [];
    return [
      `${word(family)}: RETURN in nat POSTROUTING (${backend.postrouting.backend}), ${count} rules of ours`,
    ];
  });
}

function describeIdentity(family: ObservedFamily): string[] {
  if (!hasIdentity(family)) return [];
  const count = (name: string) =>
    family.table.sets
      .filter((set) => set.name.startsWith(name))
      .reduce((total, { intervals }) => total + intervals.length, 0);
  return [
    `${word(family)}: identity SNAT in table ${word(family)} ${OWN_TABLE}, ${count("local")} local and ${count("remote")} remote networks`,
  ];
}

function describeRivals(family: ObservedFamily): string[] {
  const identity = hasIdentity(family);
  const cure = identity
    ? "identity SNAT is asked before it and wins"
    : 'set "snat" to "auto" on a kernel with nf_tables NAT, or exempt the remote networks there';
  const rivals = family.rivals.map(({ name, priority }) =>
    priority > IDENTITY_PRIORITY || !identity
      ? `${word(family)}: RETURN cannot win against chain ${name} (priority ${priority}): ${cure}`
      : `${word(family)}: chain ${name} (priority ${priority}) is asked before identity SNAT: if it rewrites pod addresses, exempt the remote networks there`,
  );
  const ahead = [family.nft, family.legacy].flatMap(
    (backend) => backend?.ahead ?? [],
  );
  const calico = identity
    ? "identity SNAT is asked before it and wins"
    : "declare an IPPool (disabled, natOutgoing: false) for each remote network";
  return [
    ...rivals,
    ...ahead.map(
      (chain) =>
        `${word(family)}: RETURN cannot win against ${chain}, which Calico keeps at the head: ${calico}`,
    ),
  ];
}

function hasIdentity({ table }: ObservedFamily): boolean {
  return table.chains.some(
    ({ name, rules }) => name === SOURCE_CHAIN && rules.length > 0,
  );
}

function word({ family }: ObservedFamily): string {
  return traitsOf(family).word;
}
