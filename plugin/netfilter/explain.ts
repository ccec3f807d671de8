import { OWN_TABLE } from "../owned.ts";
import { traitsOf } from "./base/family.ts";
import { IDENTITY_PRIORITY, SOURCE_CHAIN } from "./desired-table.ts";
import type { ObservedFamily, ObservedSnat } from "./state.ts";
import type { BaseChain } from "./trace/base-chain.ts";
import type { Flow } from "./trace/flow.ts";
import { takesAny, trace } from "./trace/trace.ts";

/**
 * What keeps the pods' source addresses on this node, and what defeats it, a sentence each. `flows` are the node's, between own
 * and remote pods; they are asked for only where a chain of others may rewrite them.
 */
export function describeSnat(
  { families }: ObservedSnat,
  flows: () => readonly Flow[],
): string[] {
  return families.flatMap((family) => {
    const works = [...describeReturns(family), ...describeIdentity(family)];
    return works.length === 0
      ? []
      : [...works, ...describeRivals(family, flows), ...describeCalico(family)];
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

function describeRivals(
  family: ObservedFamily,
  flows: () => readonly Flow[],
): string[] {
  const identity = hasIdentity(family);
  const cure = identity
    ? "identity SNAT is asked before it and wins"
    : 'set "snat" to "auto" on a kernel with nf_tables NAT, or exempt the remote networks there';
  return family.rivals.flatMap((rival) => {
    const found = rewriteOf(rival, family, flows);
    if (found === undefined) return [];
    const chain = `chain ${rival.name} (priority ${rival.priority})`;
    return rival.priority > IDENTITY_PRIORITY || !identity
      ? `${word(family)}: RETURN cannot win against ${chain}, ${found}: ${cure}`
      : `${word(family)}: ${chain}, ${found}, is asked before identity SNAT and wins: exempt the remote networks there`;
  });
}

/** What a chain does to pods' packets that nobody marked, by its first rule that gives them another source. */
function rewriteOf(
  { chain, families }: BaseChain,
  { family }: ObservedFamily,
  flows: () => readonly Flow[],
): string | undefined {
  if (!families.includes(family) || !takesAny(chain)) return undefined;
  const [found] = flows()
    .filter((flow) => flow.family === family)
    .flatMap((flow) => trace(chain, { ...flow, mark: 0 }))
    .filter(({ does, share }) => does === "rewrite" && share !== "none");
  if (found === undefined) return undefined;
  const verb = found.share === "unknown" ? "may rewrite" : "rewrites";
  const inner = found.through.at(-1);
  const where = inner === undefined ? "" : ` of chain ${inner}`;
  return `whose ${String(found.rule)}${where} ${verb} pods' packets`;
}

function describeCalico(family: ObservedFamily): string[] {
  const identity = hasIdentity(family);
  const ahead = [family.nft, family.legacy].flatMap(
    (backend) => backend?.ahead ?? [],
  );
  const calico = identity
    ? "identity SNAT is asked before it and wins"
    : "declare an IPPool (disabled, natOutgoing: false) for each remote network";
  return ahead.map(
    (chain) =>
      `${word(family)}: RETURN cannot win against ${chain}, which Calico keeps at the head: ${calico}`,
  );
}

function hasIdentity({ table }: ObservedFamily): boolean {
  return table.chains.some(
    ({ name, rules }) => name === SOURCE_CHAIN && rules.length > 0,
  );
}

function word({ family }: ObservedFamily): string {
  return traitsOf(family).word;
}
