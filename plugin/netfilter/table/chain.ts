import {
  addChain,
  addRule,
  deleteChain,
  deleteRule,
  expressionsKey,
} from "../../../native/index.ts";
import { OWN_COMMENT } from "../../owned.ts";
import type { NftOperation } from "../base/operation.ts";
import { tableName, tableStep, tableWords } from "./step.ts";
import type { ObservedOwnedTable, OwnedChain, OwnedTable } from "./table.ts";

/** The order of rules is what they mean: a chain whose rules differ gets them all anew. */
export function chainSteps(
  table: OwnedTable,
  chain: OwnedChain,
  observed: ObservedOwnedTable,
): NftOperation[] {
  const found = observed.chains.find(({ name }) => name === chain.name);
  const name = { ...tableName(table), chain: chain.name };
  const where = wordsFor(table, chain);
  const creation = tableStep("add", where, () => [addChain(name, chain.hook)]);
  const present = found?.rules ?? [];
  const additions = found === undefined ? [creation] : [];
  if (isSame(chain, present)) return additions;
  const purposes = chain.rules.map(({ purpose }) => purpose).join("; ");
  const rules = tableStep(
    present.length === 0 ? "add" : "change",
    `rules of ${where}: ${purposes}`,
    () => [
      ...present.map(({ handle }) => deleteRule(name, handle)),
      ...chain.rules.map(({ expressions }) =>
        addRule({ ...name, expressions, comment: OWN_COMMENT }, { at: "end" }),
      ),
    ],
  );
  return [...additions, { ...rules, concerns: "all" }];
}

/** Takes a chain away that nobody wants. */
export function chainRemoval(
  table: OwnedTable,
  chain: Pick<OwnedChain, "name">,
): NftOperation {
  return tableStep("delete", wordsFor(table, chain), () => [
    deleteChain({ ...tableName(table), chain: chain.name }),
  ]);
}

function isSame(
  { rules }: OwnedChain,
  present: readonly { readonly key: string }[],
): boolean {
  return (
    rules.length === present.length &&
    rules.every(
      ({ expressions }, index) =>
        expressionsKey(expressions) === present[index]?.key,
    )
  );
}

function wordsFor(
  table: OwnedTable,
  { name }: Pick<OwnedChain, "name">,
): string {
  return `chain ${tableWords(table)} ${name}`;
}
