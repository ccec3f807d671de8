import { addChain } from "../../../native/nftables/chain.ts";
import type { Hook } from "../../../native/nftables/chain.ts";
import { addRule, deleteRule } from "../../../native/nftables/rule.ts";
import { addTable } from "../../../native/nftables/table.ts";
import { traitsOf } from "../family.ts";
import { significantBytes } from "../expressions.ts";
import { legacyKey } from "../legacy/save.ts";
import { keyOf as nftKeyOf } from "./nft-rule.ts";
import type { NetfilterOperation, Sign } from "../operation.ts";
import { OWN_COMMENT } from "../own.ts";
import {
  pairRest,
  type PairRule,
  toExpressions,
  toIptables,
} from "./pair-rule.ts";
import {
  planShared,
  type SharedChain,
  type SharedChainName,
  type SharedRule,
} from "./chain.ts";

/** A rule of ours as the plan works with it. */
interface WantedRule {
  readonly key: string;
  readonly rule: PairRule;
}

/** What a shared chain needs, and for which rules something is to be inserted. */
export interface SharedChainPlan {
  readonly operations: readonly NetfilterOperation[];
  readonly inserted: readonly PairRule[];
}

/** Plans a chain that belongs to others: ours in, at its head; stale ones of ours out; theirs untouched. */
export function planSharedChain(
  chain: SharedChain,
  rules: readonly PairRule[],
  hook: Hook,
): SharedChainPlan {
  const keyed = rules.map((rule) => ({ rule, key: keyOf(chain, rule) }));
  const { deletions, insertions, moved } = planShared(chain.rules, keyed);
  const pure = deletions.filter(({ key }) => !moved.has(key ?? ""));
  const creation =
    chain.exists || insertions.length === 0 || chain.backend === "legacy"
      ? []
      : [creationOf(chain, hook)];
  return {
    operations: [
      ...creation,
      ...pure.map((rule) => deletion(chain, rule)),
      // Each goes to the very head, so the first comes last.
      ...insertions.toReversed().map((wanted) =>
        insertion(
          chain,
          wanted,
          deletions.filter(({ key }) => key === wanted.key),
        ),
      ),
    ],
    inserted: insertions.map(({ rule }) => rule),
  };
}

function keyOf({ backend }: SharedChainName, rule: PairRule): string {
  if (backend === "legacy") return legacyKey(toIptables(rule));
  const { source, destination } = rule;
  const prefixes = [source.prefix, destination.prefix] as const;
  return nftKeyOf({
    source: significantBytes(source),
    destination: significantBytes(destination),
    rest: pairRest({ ...rule, prefixes }),
  });
}

function insertion(
  chain: SharedChain,
  { rule }: WantedRule,
  replaced: readonly SharedRule[],
): NetfilterOperation {
  const sign = replaced.length === 0 ? "+" : "~";
  const moving = replaced.length === 0 ? "" : ", moved to the head";
  const sentence = `rule ${describe(chain)}: ${toIptables(rule)}${moving}`;
  if (chain.backend === "legacy")
    return legacy(chain, sign, sentence, [
      ...replaced.flatMap((old) => deletionLines(chain, old)),
      `-I ${chain.chain} 1 ${toIptables(rule)}`,
    ]);
  const name = nftName(chain);
  const fresh = {
    ...name,
    expressions: toExpressions(rule),
    comment: OWN_COMMENT,
  };
  return {
    backend: "nft",
    sign,
    sentence,
    requests: [
      ...replaced.flatMap((old) => deletionRequests(chain, old)),
      addRule(fresh, { at: "head" }),
    ],
  };
}

function deletion(chain: SharedChain, rule: SharedRule): NetfilterOperation {
  const what =
    rule.name.backend === "legacy" ? rule.name.text : `#${rule.name.handle}`;
  const sentence = `rule ${describe(chain)}: ${what}`;
  return chain.backend === "legacy"
    ? legacy(chain, "-", sentence, deletionLines(chain, rule))
    : {
        backend: "nft",
        sign: "-",
        sentence,
        requests: deletionRequests(chain, rule),
      };
}

function creationOf(chain: SharedChain, hook: Hook): NetfilterOperation {
  const name = nftName(chain);
  return {
    backend: "nft",
    sign: "+",
    sentence: `chain ${describe(chain)}`,
    requests: [addTable(name), addChain(name, hook)],
  };
}

function deletionLines({ chain }: SharedChain, { name }: SharedRule): string[] {
  return name.backend === "legacy" ? [`-D ${chain} ${name.text}`] : [];
}

function deletionRequests(chain: SharedChain, { name }: SharedRule) {
  return name.backend === "nft"
    ? [deleteRule(nftName(chain), name.handle)]
    : [];
}

function legacy(
  { family, table }: SharedChain,
  sign: Sign,
  sentence: string,
  lines: readonly string[],
): NetfilterOperation {
  return { backend: "legacy", sign, sentence, family, table, lines };
}

function nftName({ family, table, chain }: SharedChainName) {
  return { family: traitsOf(family).number, table, chain };
}

function describe({ backend, family, table, chain }: SharedChainName): string {
  return `${traitsOf(family).word} ${table} ${chain} (${backend})`;
}
