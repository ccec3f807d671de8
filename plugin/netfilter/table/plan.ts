import type { Cidr } from "../../../ip/cidr.ts";
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  deleteChain,
  deleteElements,
  deleteRule,
  deleteSet,
  deleteTable,
  expressionsKey,
  type Interval,
  intervalElements,
  NFPROTO_INET,
  type Request,
} from "../../../native/index.ts";
import { type Family, traitsOf } from "../base/family.ts";
import type {
  NetfilterOperation,
  NftOperation,
  Sign,
} from "../base/operation.ts";
import { OWN_COMMENT, OWN_TABLE } from "../../owned.ts";
import {
  formatInterval,
  intervalKey,
  intervalOf,
  listNetworks,
} from "./interval.ts";
import type {
  ObservedOwnedChain,
  ObservedOwnedSet,
  ObservedOwnedTable,
  OwnedChain,
  OwnedSet,
  OwnedTable,
} from "./table.ts";

/** What our table lacks. A set is changed by its differences, never emptied; a chain whose rules differ gets them anew. */
export function planTable(
  wanted: OwnedTable,
  observed: ObservedOwnedTable,
): NetfilterOperation[] {
  const table = nameOf(wanted);
  if (wanted.chains.length === 0)
    return observed.exists ? [removal(wanted)] : [];
  if (observed.exists && !isUsable(wanted, observed))
    return [
      removal(wanted),
      ...planTable(wanted, {
        ...observed,
        exists: false,
        sets: [],
        chains: [],
      }),
    ];
  return [
    ...(observed.exists
      ? []
      : [operation("+", `table ${describe(wanted)}`, [addTable(table)])]),
    ...wanted.sets.flatMap((set, index) =>
      planSet(wanted, set, { id: index + 1, observed }),
    ),
    ...wanted.chains.flatMap((chain) => planChain(wanted, chain, observed)),
    ...leftovers(wanted, observed),
  ];
}

/** What cannot be changed in place: a table switched off, a set of another type, a chain with another hook. */
function isUsable(wanted: OwnedTable, observed: ObservedOwnedTable): boolean {
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

interface SetContext {
  readonly id: number;
  readonly observed: ObservedOwnedTable;
}

function planSet(
  table: OwnedTable,
  set: OwnedSet,
  { id, observed }: SetContext,
): NetfilterOperation[] {
  const found = observed.sets.find(({ name }) => name === set.name);
  const { missing, surplus } = compare(set.networks, found);
  const name = { ...nameOf(table), set: set.name };
  const where = `set ${describe(table)} ${set.name}`;
  const fields = [traitsOf(familyOf(table, set)).field];
  return [
    ...(found === undefined
      ? [operation("+", where, [addSet({ ...name, fields, id })])]
      : []),
    // Deletions first: an interval that replaces another may overlap it.
    ...(surplus.length === 0
      ? []
      : [
          operation(
            "-",
            `${listNetworks(surplus.map(formatInterval))} from ${where}`,
            deleteElements(name, surplus.flatMap(intervalElements)),
          ),
        ]),
    ...(missing.length === 0
      ? []
      : [
          {
            ...operation(
              "+",
              `${listNetworks(missing.map(({ text }) => text))} in ${where}`,
              addElements(
                name,
                missing.map(intervalOf).flatMap(intervalElements),
              ),
            ),
            concerns: missing,
          },
        ]),
  ];
}

function compare(
  networks: readonly Cidr[],
  found: ObservedOwnedSet | undefined,
): { missing: Cidr[]; surplus: Interval[] } {
  const wanted = new Set(networks.map((cidr) => intervalKey(intervalOf(cidr))));
  const present = new Set(found?.intervals.map(intervalKey));
  return {
    missing: networks.filter(
      (cidr) => !present.has(intervalKey(intervalOf(cidr))),
    ),
    surplus:
      found?.intervals.filter(
        (interval) => !wanted.has(intervalKey(interval)),
      ) ?? [],
  };
}

function planChain(
  table: OwnedTable,
  chain: OwnedChain,
  observed: ObservedOwnedTable,
): NetfilterOperation[] {
  const found = observed.chains.find(({ name }) => name === chain.name);
  const name = { ...nameOf(table), chain: chain.name };
  const where = `chain ${describe(table)} ${chain.name}`;
  const wanted = chain.rules.map(({ expressions }) =>
    expressionsKey(expressions),
  );
  const present = found?.rules.map(({ key }) => key) ?? [];
  const addition =
    found === undefined
      ? [operation("+", where, [addChain(name, chain.hook)])]
      : [];
  const same =
    wanted.length === present.length &&
    wanted.every((key, index) => key === present[index]);
  if (same) return addition;
  const deletions = found?.rules.map(({ handle }) => deleteRule(name, handle));
  const sign = present.length === 0 ? "+" : "~";
  const purposes = chain.rules.map(({ purpose }) => purpose).join("; ");
  return [
    ...addition,
    {
      ...operation(sign, `rules of ${where}: ${purposes}`, [
        ...(deletions ?? []),
        ...chain.rules.map(({ expressions }) =>
          addRule(
            { ...name, expressions, comment: OWN_COMMENT },
            { at: "end" },
          ),
        ),
      ]),
      concerns: "all",
    },
  ];
}

/** What is in our table and no longer wanted: chains first, since their rules use sets. */
function leftovers(
  wanted: OwnedTable,
  observed: ObservedOwnedTable,
): NetfilterOperation[] {
  const table = nameOf(wanted);
  const chains = without(observed.chains, wanted.chains);
  const sets = without(observed.sets, wanted.sets);
  return [
    ...chains.map(({ name }) =>
      operation("-", `chain ${describe(wanted)} ${name}`, [
        deleteChain({ ...table, chain: name }),
      ]),
    ),
    ...sets.map(({ name }) =>
      operation("-", `set ${describe(wanted)} ${name}`, [
        deleteSet({ ...table, set: name }),
      ]),
    ),
  ];
}

function without<Item extends { readonly name: string }>(
  items: readonly Item[],
  others: readonly { readonly name: string }[],
): Item[] {
  const names = new Set(others.map(({ name }) => name));
  return items.filter(({ name }) => !names.has(name));
}

function removal(table: OwnedTable): NetfilterOperation {
  return operation("-", `table ${describe(table)}`, [
    deleteTable(nameOf(table)),
  ]);
}

function operation(
  sign: Sign,
  sentence: string,
  requests: readonly Request[],
): NftOperation {
  return { backend: "nft", sign, sentence, requests: () => requests };
}

/** Of a set's addresses. */
function familyOf({ family }: OwnedTable, set: OwnedSet): Family {
  return set.family ?? (family === "inet" ? 4 : family);
}

function nameOf({ family }: OwnedTable) {
  return {
    family: family === "inet" ? NFPROTO_INET : traitsOf(family).number,
    table: OWN_TABLE,
  };
}

function describe({ family }: OwnedTable): string {
  return `${family === "inet" ? family : traitsOf(family).word} ${OWN_TABLE}`;
}
