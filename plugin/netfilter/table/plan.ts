import { diff, type Kind } from "../../../diff/diff.ts";
import { addTable, deleteTable } from "../../../native/index.ts";
import type { NftOperation } from "../base/operation.ts";
import { chainRemoval, chainSteps } from "./chain.ts";
import { setRemoval, setSteps } from "./set.ts";
import { tableName, tableStep, tableWords } from "./step.ts";
import type {
  ObservedOwnedChain,
  ObservedOwnedTable,
  OwnedChain,
  OwnedTable,
} from "./table.ts";

/**
 * What our table lacks, and what is in it too many. Where something of it cannot become what is wanted, the whole table
 * is made anew, with all that hangs on it.
 */
export function planTable(
  wanted: OwnedTable,
  observed: ObservedOwnedTable,
): NftOperation[] {
  const isWanted = wanted.chains.length > 0;
  const stays = isWanted && observed.exists && canBecome(wanted, observed);
  return [
    ...(observed.exists && !stays ? [removal(wanted)] : []),
    ...(isWanted && !stays ? [creation(wanted)] : []),
    ...(isWanted ? contents(wanted, stays ? observed : emptied(observed)) : []),
  ];
}

function contents(
  wanted: OwnedTable,
  observed: ObservedOwnedTable,
): NftOperation[] {
  return [
    ...wanted.sets.flatMap((set, index) =>
      setSteps(wanted, set, { id: index + 1, observed }),
    ),
    ...wanted.chains.flatMap((chain) => chainSteps(wanted, chain, observed)),
    // Chains first, since their rules use sets.
    ...diff(wanted.chains, observed.chains, NAMED).stale.map((chain) =>
      chainRemoval(wanted, chain),
    ),
    ...diff(wanted.sets, observed.sets, NAMED).stale.map((set) =>
      setRemoval(wanted, set),
    ),
  ];
}

function emptied(observed: ObservedOwnedTable): ObservedOwnedTable {
  return { ...observed, exists: false, sets: [], chains: [] };
}

/** Not so a table switched off, a set of another type, a chain with another hook. */
function canBecome(wanted: OwnedTable, observed: ObservedOwnedTable): boolean {
  const setsFit = observed.sets.every(
    ({ name, usable }) =>
      usable || wanted.sets.every((other) => other.name !== name),
  );
  return (
    !observed.altered &&
    setsFit &&
    wanted.chains.every(({ name, hook }) => {
      const found = observed.chains.find((chain) => chain.name === name);
      return found === undefined || sameHook(hook, found);
    })
  );
}

function sameHook(hook: OwnedChain["hook"], { base }: ObservedOwnedChain) {
  return (
    base?.type === hook.type &&
    base.hook === hook.hook &&
    base.priority === hook.priority &&
    base.policy === hook.policy
  );
}

interface Named {
  readonly name: string;
}

/** Chains and sets of a table of ours: all are ours, and what is in them is compared by `setSteps` and `chainSteps`. */
const NAMED: Kind<Named, Named> = {
  identity: ({ name }) => name,
  owns: () => true,
  equals: () => true,
};

function creation(table: OwnedTable): NftOperation {
  return tableStep("add", `table ${tableWords(table)}`, () => [
    addTable(tableName(table)),
  ]);
}

function removal(table: OwnedTable): NftOperation {
  return tableStep("delete", `table ${tableWords(table)}`, () => [
    deleteTable(tableName(table)),
  ]);
}
