import {
  addChain,
  addRule,
  addTable,
  deleteRule,
  type Hook,
  type Request,
} from "../../../native/index.ts";
import { traitsOf } from "../base/family.ts";
import type {
  NetfilterOperation,
  NftOperation,
  Verb,
} from "../base/operation.ts";
import { OWN_COMMENT } from "../../owned.ts";
import {
  type ChainEnd,
  planShared,
  type SharedChain,
  type SharedChainName,
  type SharedRule,
} from "./chain.ts";
import type { PairMatch, WantedRule } from "./pair-rule.ts";

/** What a shared chain needs, and for which pairs something is to be inserted. */
export interface SharedChainPlan {
  readonly operations: readonly NetfilterOperation[];
  readonly inserted: readonly PairMatch[];
}

/** How to write to a chain. */
export interface ChainStyle {
  /** How the chain is made in nf_tables where it is missing: as iptables-nft makes it. Legacy iptables has its own. */
  readonly hook?: Hook;
  /** At which end of the chain ours stand: the end leaves the word to whoever wrote a rule. */
  readonly place: ChainEnd;
}

/** Plans a chain that belongs to others: ours in; stale ones of ours out; theirs untouched. */
export function planSharedChain(
  chain: SharedChain,
  rules: readonly WantedRule[],
  style: ChainStyle,
): SharedChainPlan {
  const { place, hook } = style;
  const plan = planShared(chain.rules, rules, place);
  const { stale, missing, moved } = plan;
  const pure = stale.filter(({ key }) => !moved.has(key ?? ""));
  const isMissing =
    !chain.exists && missing.length > 0 && chain.backend === "nft";
  // Where each goes ahead of the one before, the first comes last.
  const replacedBy = Map.groupBy(stale, ({ key }) => key);
  const ordered = place === "head" ? missing.toReversed() : missing;
  return {
    operations: [
      ...(isMissing && hook !== undefined ? [creationOf(chain, hook)] : []),
      ...pure.map((rule) => deletion(chain, rule)),
      ...ordered.map((wanted) =>
        insertion(chain, wanted, {
          place,
          replaced: replacedBy.get(wanted.key),
        }),
      ),
    ],
    inserted: missing.map(({ pair }) => pair),
  };
}

interface Position {
  readonly place: ChainEnd;
  readonly replaced: readonly SharedRule[] | undefined;
}

function insertion(
  chain: SharedChain,
  wanted: WantedRule,
  position: Position,
): NetfilterOperation {
  const step = new Insertion(chain, wanted, position);
  if (chain.backend === "nft") return step;
  const { place, replaced = [] } = position;
  return legacy(chain, step.verb, step.sentence, [
    ...replaced.flatMap((old) => deletionLines(chain, old)),
    place === "end"
      ? `-A ${chain.chain} ${wanted.text()}`
      : `-I ${chain.chain} 1 ${wanted.text()}`,
  ]);
}

/** Puts a rule into a chain of nf_tables. Says what it does when it is asked: a large mesh may have tens of thousands. */
class Insertion implements NftOperation {
  readonly object = "nft";
  readonly #chain: SharedChain;
  readonly #wanted: WantedRule;
  readonly #place: ChainEnd;
  readonly #replaced: Position["replaced"];

  constructor(
    chain: SharedChain,
    wanted: WantedRule,
    { place, replaced }: Position,
  ) {
    this.#chain = chain;
    this.#wanted = wanted;
    this.#place = place;
    this.#replaced = replaced;
  }

  get verb(): Verb {
    return this.#replaced === undefined ? "add" : "change";
  }

  get sentence(): string {
    const moving =
      this.#replaced === undefined ? "" : `, moved to the ${this.#place}`;
    return `rule ${describe(this.#chain)}: ${this.#wanted.text()}${moving}`;
  }

  requests(): Request[] {
    const chain = this.#chain;
    const rule = {
      ...nftName(chain),
      expressions: this.#wanted.expressions(),
      comment: OWN_COMMENT,
    };
    return [
      ...(this.#replaced ?? []).flatMap((old) => deletionRequests(chain, old)),
      addRule(rule, { at: this.#place }),
    ];
  }
}

function deletion(chain: SharedChain, rule: SharedRule): NetfilterOperation {
  const what =
    rule.name.backend === "legacy" ? rule.name.text : `#${rule.name.handle}`;
  const sentence = `rule ${describe(chain)}: ${what}`;
  return chain.backend === "legacy"
    ? legacy(chain, "delete", sentence, deletionLines(chain, rule))
    : {
        object: "nft",
        verb: "delete",
        sentence,
        requests: () => deletionRequests(chain, rule),
      };
}

function creationOf(chain: SharedChain, hook: Hook): NetfilterOperation {
  const name = nftName(chain);
  return {
    object: "nft",
    verb: "add",
    sentence: `chain ${describe(chain)}`,
    requests: () => [addTable(name), addChain(name, hook)],
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
  verb: Verb,
  sentence: string,
  lines: readonly string[],
): NetfilterOperation {
  return { object: "legacy", verb, sentence, family, table, lines };
}

function nftName({ family, table, chain }: SharedChainName) {
  return { family: traitsOf(family).number, table, chain };
}

function describe({ backend, family, table, chain }: SharedChainName): string {
  return `${traitsOf(family).word} ${table} ${chain} (${backend})`;
}
