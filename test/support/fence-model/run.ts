/** One run of crosslink: by the program's own order (plugin/node/order.ts) and its own plans, over a kernel that is a model. */
import type { Memory } from "../../../plugin/fence/decide.ts";
import {
  addedSince,
  forgottenSince,
  joinMemories,
  withoutCidrs,
} from "../../../plugin/fence/join.ts";
import { sameMemory } from "../../../plugin/fence/memory.ts";
import { fencePolicies } from "../../../plugin/fence/policies.ts";
import { type FenceWill, raising } from "../../../plugin/fence/will.ts";
import { distinctCidrs } from "../../../ip/distinct.ts";
import { APPLY, CHANGE, RAISE_ONLY } from "../../../plugin/node/order.ts";
import { type NodePlan, planNode } from "../../../plugin/node/plan.ts";
import type { Meanwhile } from "../../../plugin/node/raise-only.ts";
import { NOTHING } from "../../../plugin/node/state.ts";
import type { Operation } from "../../../plugin/reconcile/operation.ts";
import { type KernelModel, observe } from "../kernel-model.ts";
import { isOpened, look } from "./files.ts";
import { memoryKey, seenKey, stepKey, willKey } from "./keys.ts";
import {
  action,
  after,
  bring,
  cidrsOf,
  closing,
  raise,
  rules,
  rulesFor,
  united,
} from "./layers.ts";
import type { Action, Seen } from "./world.ts";

/** The order of a run, as the program has it. */
export interface Order {
  readonly change: readonly (typeof CHANGE)[number][];
  readonly apply: readonly (typeof APPLY)[number][];
  readonly raiseOnly: readonly (typeof RAISE_ONLY)[number][];
}

const ORDER: Order = { change: CHANGE, apply: APPLY, raiseOnly: RAISE_ONLY };

/** What a run may do otherwise, to show that the model finds it out. */
export interface Faults {
  /** It takes its steps in another order. */
  readonly order?: Partial<Order>;
  /** It retires whatever its files do not name. */
  readonly retiresAll?: boolean;
  /** Once it has waited, it takes back all that it has seen. */
  readonly takesBackAll?: boolean;
  /** It remembers what it decided, whatever others remembered meanwhile. */
  readonly overwrites?: boolean;
}

/** converge(): nothing where the node is right, else a change under the lock. */
export function run(faults: Faults = {}): Action {
  return action("look", ({ files, memory, kernel, rules }) => {
    const seen = look(files, memory);
    if (isRight(seen, kernel, rules)) return [];
    return [lock(undefined, faults)];
  });
}

function isRight(seen: Seen, kernel: KernelModel, rules: readonly string[]) {
  const { decision, memory, isTrouble } = seen;
  if (isTrouble || !sameMemory(memory, decision.memory)) return false;
  const { protect, retire } = nodePlan(seen, decision.will, kernel);
  const wanted = rulesFor(decision.will, rules);
  const isDone = [...protect, ...retire].length === 0;
  return isDone && wanted.join() === rules.join();
}

/** Whoever waits raises the fence meanwhile, once. */
function lock(meanwhile: Meanwhile | undefined, faults: Faults): Action {
  const asked = meanwhile === undefined ? "" : meanwhileKey(meanwhile);
  return {
    key: `lock ${asked}`,
    take: (world, id) => {
      if (world.lock === undefined) {
        const first =
          meanwhile === undefined ? [] : [takeBack(meanwhile, faults)];
        const next = [...first, change(faults)];
        return { world: { ...world, lock: id }, next };
      }
      if (meanwhile !== undefined) return undefined;
      return { world, next: [raiseOnly(faults)] };
    },
  };
}

function meanwhileKey({ seen, again }: Meanwhile): string {
  return `${memoryKey(seen)} ${again.map(({ text }) => text).join()}`;
}

function raiseOnly(faults: Faults): Action {
  const { raiseOnly: steps } = { ...ORDER, ...faults.order };
  return action("raise only", ({ files, memory: seen }) => {
    const { will, memory: more } = look(files, seen).decision;
    const take = (
      [step, ...rest]: Order["raiseOnly"],
      again: Meanwhile["again"],
    ): Action[] => {
      if (step === undefined)
        return [stands("waits", will), lock({ seen, again }, faults)];
      if (step === "raise") return [...raise(will), ...take(rest, again)];
      const key = `recollect ${memoryKey(seen)} ${memoryKey(more)} ${willKey(will)} ${rest.join()}`;
      const recollect = action(key, ({ memory }) => [
        note(memory, joinMemories(memory, more)),
        ...take(rest, forgottenSince(seen, memory)),
      ]);
      return [recollect];
    };
    return take(steps, []);
  });
}

const NOTHING_LEFT: Memory = { own: "a", clusters: new Map() };

/** What others have forgotten since it was seen. */
function takeBack(meanwhile: Meanwhile, { takesBackAll }: Faults): Action {
  const { seen, again } = meanwhile;
  const key = `take back ${meanwhileKey(meanwhile)}`;
  return action(key, ({ files, memory }) => {
    const since = takesBackAll ? NOTHING_LEFT : memory;
    const released = distinctCidrs([...again, ...forgottenSince(seen, since)]);
    if (released.length === 0 || look(files, memory).isTrouble) return [];
    const texts = released.map(({ text }) => text).join();
    const taken = action(`taken back ${texts}`, (world) => {
      const will = raising(look(world.files, world.memory).decision.will);
      return [...bring(will), ...bring({ ...will, released })];
    });
    return [note(memory, withoutCidrs(memory, released)), taken];
  });
}

function change(faults: Faults): Action {
  return action("change", ({ files, memory: before }) => {
    const seen = look(files, before);
    const { will, memory } = seen.decision;
    const both = joinMemories(before, memory);
    const work = {
      raise: raise(will),
      remember: [note(before, both, faults)],
      "refuse trouble": [],
      apply: [plan(seen, faults)],
      forget: [note(both, memory, faults)],
    };
    const { change: steps } = { ...ORDER, ...faults.order };
    const taken = seen.isTrouble
      ? steps.slice(0, steps.indexOf("refuse trouble"))
      : steps;
    const done = [stands("ends", will), unlock];
    return [...taken.flatMap((step) => work[step]), ...done];
  });
}

function plan(seen: Seen, { retiresAll, order }: Faults): Action {
  return action(`plan ${seenKey(seen)}`, ({ kernel, rules: found }) => {
    const { will } = seen.decision;
    const wish: FenceWill = retiresAll ? { ...will, released: "all" } : will;
    const { protect, retire } = nodePlan(seen, wish, kernel);
    const hasRules = rulesFor(wish, found).join() !== found.join();
    const work = {
      "note keys": [],
      protect: Array.from(protect, nodeStep),
      "exempt from SNAT": [],
      retire: [
        ...(seen.isTrouble && retire.length > 0 ? [TAKEN_IN_TROUBLE] : []),
        ...retire.map(nodeStep),
      ],
      "release the fence": hasRules ? [rules(wish)] : [],
    };
    const { apply: steps } = { ...ORDER, ...order };
    return steps.flatMap((step) => work[step]);
  });
}

const TAKEN_IN_TROUBLE: Action = {
  key: "takes away in trouble",
  take: (world) => ({ world: { ...world, wrong: "took away in trouble" } }),
};

function nodePlan(
  { mesh }: Seen,
  will: FenceWill,
  kernel: KernelModel,
): NodePlan {
  const observed = observe(kernel);
  return planNode(
    {
      ...NOTHING,
      associations: mesh?.associations ?? [],
      policies: [
        ...fencePolicies(will, observed.policies),
        ...(mesh?.policies ?? []),
      ],
    },
    observed,
  );
}

function nodeStep(step: Operation): Action {
  return {
    key: stepKey(step),
    take: (world) => {
      const kernel = after(world.kernel, step);
      return kernel === undefined
        ? { world, fails: true }
        : { world: { ...world, kernel } };
    },
  };
}

function note(seen: Memory, next: Memory, { overwrites }: Faults = {}): Action {
  return {
    key: `note ${memoryKey(seen)} ${memoryKey(next)}`,
    take: (world) => {
      if (sameMemory(seen, next)) return { world };
      const memory = overwrites
        ? next
        : joinMemories(addedSince(seen, world.memory), next);
      const noted = united(world.noted, cidrsOf(memory));
      return { world: { ...world, memory, noted } };
    },
  };
}

/** Whatever came of it, the fence stands by then, and is remembered. */
function stands(what: string, will: FenceWill): Action {
  return {
    key: `${what}, fenced: ${willKey(will)}`,
    take: (world) => {
      const then = closing(world, will);
      const known = new Set(cidrsOf(world.memory));
      const isKnown = will.wanted.every(
        ({ text }) => known.has(text) || isOpened(text, world.files),
      );
      return { world: isKnown ? then : { ...then, wrong: "not remembered" } };
    },
  };
}

const unlock: Action = {
  key: "unlock",
  take: (world) => ({ world: { ...world, lock: undefined } }),
};
