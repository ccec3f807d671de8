import type { Cidr } from "../../../ip/cidr.ts";
import {
  addElements,
  addSet,
  deleteElements,
  deleteSet,
  type Interval,
  intervalElements,
} from "../../../native/index.ts";
import { diff, type Kind } from "../../../diff/diff.ts";
import { type Family, traitsOf } from "../base/family.ts";
import type { NftOperation } from "../base/operation.ts";
import {
  formatInterval,
  intervalKey,
  intervalOf,
  listNetworks,
} from "./interval.ts";
import { tableName, tableStep, tableWords } from "./step.ts";
import type { ObservedOwnedTable, OwnedSet, OwnedTable } from "./table.ts";

/** A network, or an interval that a set holds. */
type Element = Cidr | Interval;

/** All that is in a set of ours is ours, and there or not. */
const ELEMENTS: Kind<Cidr, Interval> = {
  identity: (element: Element) =>
    intervalKey("bytes" in element ? intervalOf(element) : element),
  owns: () => true,
  equals: () => true,
};

/** A set is changed by its differences, never emptied. `id` names it within the transaction that makes it. */
export function setSteps(
  table: OwnedTable,
  set: OwnedSet,
  {
    id,
    observed,
  }: { readonly id: number; readonly observed: ObservedOwnedTable },
): NftOperation[] {
  const found = observed.sets.find(({ name }) => name === set.name);
  const { missing, stale } = diff(
    set.networks,
    found?.intervals ?? [],
    ELEMENTS,
  );
  const name = { ...tableName(table), set: set.name };
  const where = wordsFor(table, set);
  const fields = [traitsOf(familyOf(table, set)).field];
  const creation = tableStep("add", where, () => [
    addSet({ ...name, fields, id }),
  ]);
  const removal = tableStep(
    "delete",
    `${listNetworks(stale.map(formatInterval))} from ${where}`,
    () => deleteElements(name, stale.flatMap(intervalElements)),
  );
  const addition = tableStep(
    "add",
    `${listNetworks(missing.map(({ text }) => text))} in ${where}`,
    () => addElements(name, missing.map(intervalOf).flatMap(intervalElements)),
  );
  return [
    ...(found === undefined ? [creation] : []),
    // Deletions first: an interval that replaces another may overlap it.
    ...(stale.length === 0 ? [] : [removal]),
    ...(missing.length === 0 ? [] : [{ ...addition, concerns: missing }]),
  ];
}

/** Takes a set away that nobody wants. */
export function setRemoval(
  table: OwnedTable,
  set: Pick<OwnedSet, "name">,
): NftOperation {
  return tableStep("delete", wordsFor(table, set), () => [
    deleteSet({ ...tableName(table), set: set.name }),
  ]);
}

/** Of a set's addresses. */
function familyOf({ family }: OwnedTable, set: OwnedSet): Family {
  return set.family ?? (family === "inet" ? 4 : family);
}

function wordsFor(table: OwnedTable, { name }: Pick<OwnedSet, "name">): string {
  return `set ${tableWords(table)} ${name}`;
}
