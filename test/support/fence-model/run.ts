/** One run of crosslink, in the order of plugin/node/converge.ts, by the real plans. */
import { type Cidr, parseCidr } from "../../../ip/cidr.ts";
import type { Memory } from "../../../plugin/fence/decide.ts";
import { addedSince, joinMemories } from "../../../plugin/fence/join.ts";
import { sameMemory } from "../../../plugin/fence/memory.ts";
import {
  fencePolicies,
  planFencePolicies,
} from "../../../plugin/fence/policies.ts";
import { fenceTable } from "../../../plugin/fence/table.ts";
import { type FenceWill, toStand } from "../../../plugin/fence/will.ts";
import { type NodePlan, planNode } from "../../../plugin/node/plan.ts";
import { NOTHING } from "../../../plugin/node/state.ts";
import type { Operation } from "../../../plugin/reconcile/operation.ts";
import { applyStep, type KernelModel, observe } from "../kernel-model.ts";
import { look } from "./files.ts";
import { memoryKey, seenKey, stepKey, willKey } from "./keys.ts";
import type { Action, Seen, Taken, World } from "./world.ts";

/** What a run may do otherwise, to show that the model finds it out. */
export interface Faults {
  /** It retires whatever its files do not name. */
  readonly retiresAll?: boolean;
  /** It remembers what it decided, whatever others remembered meanwhile. */
  readonly overwrites?: boolean;
  /** It raises no fence before it plans the rest. */
  readonly raisesNothing?: boolean;
}

/** converge(): nothing where the node is right, else a change under the lock. */
export function run(faults: Faults = {}): Action {
  return action("look", ({ files, memory, kernel, rules }) => {
    const seen = look(files, memory);
    if (isRight(seen, kernel, rules)) return [];
    return [lock(false, faults)];
  });
}

function isRight(seen: Seen, kernel: KernelModel, rules: readonly string[]) {
  const { decision, memory, isTrouble } = seen;
  if (isTrouble || !sameMemory(memory, decision.memory)) return false;
  const { protect, retire } = nodePlan(seen, decision.will, kernel);
  const wanted = rulesFor(decision.will, rules);
  return protect.length + retire.length === 0 && wanted.join() === rules.join();
}

/** Whoever waits raises the fence meanwhile. */
function lock(hasAsked: boolean, faults: Faults): Action {
  return {
    key: `lock ${String(hasAsked)}`,
    take: (world, id) => {
      if (world.lock === undefined)
        return { world: { ...world, lock: id }, next: [change(faults)] };
      if (hasAsked) return undefined;
      return { world, next: [raiseOnly, lock(true, faults)] };
    },
  };
}

const raiseOnly = action("raise only", ({ files, memory }) => {
  const { decision } = look(files, memory);
  return [...raise(decision.will), recollect(decision.memory)];
});

function recollect(more: Memory): Action {
  return action(`recollect ${memoryKey(more)}`, ({ memory }) => [
    note(memory, joinMemories(memory, more)),
  ]);
}

function change(faults: Faults): Action {
  return action("change", ({ files, memory: before }) => {
    const seen = look(files, before);
    const { will, memory } = seen.decision;
    const both = joinMemories(before, memory);
    const raised = faults.raisesNothing ? [] : raise(will);
    const rest = seen.isTrouble ? [] : [plan(seen, both, faults)];
    return [...raised, note(before, both, faults), ...rest, unlock(will)];
  });
}

function raise({ wanted, leaves }: FenceWill): Action[] {
  const will = { wanted, released: [], ...(leaves && { leaves }) };
  return [policies(will), rules(will)];
}

/** A policy may be there by now: then they are looked at anew. */
function policies(will: FenceWill): Action {
  return action(`policies ${willKey(will)}`, ({ kernel }) => {
    const steps = planFencePolicies(will, observe(kernel).policies);
    return steps.length === 0 ? [] : [policySteps(will, steps)];
  });
}

function policySteps(will: FenceWill, steps: readonly Operation[]): Action {
  const [first, ...rest] = steps;
  return {
    key: `policy ${willKey(will)} ${steps.map(stepKey).join()}`,
    take: (world) => {
      const kernel = first && after(world.kernel, first);
      if (kernel === undefined) return { world, next: [policies(will)] };
      const next = rest.length === 0 ? [] : [policySteps(will, rest)];
      return { world: { ...world, kernel }, next };
    },
  };
}

/** One transaction. What it wanted is closed in both layers from then on. */
function rules(will: FenceWill): Action {
  return {
    key: `rules ${willKey(will)}`,
    take: (world) => {
      const found = rulesFor(will, world.rules);
      return { world: closing({ ...world, rules: found }, will) };
    },
  };
}

/** From now on all that is wanted counts as closed. */
function closing(world: World, { wanted }: FenceWill): World {
  const fenced = united(world.fenced, wanted);
  return { ...world, fenced, isRaised: true };
}

function united(texts: readonly string[], more: readonly Cidr[]): string[] {
  return [...new Set([...texts, ...more.map(({ text }) => text)])].sort();
}

function plan(
  seen: Seen,
  both: Memory,
  { retiresAll, ...faults }: Faults,
): Action {
  return action(`plan ${seenKey(seen)}`, ({ kernel, rules: found }) => {
    const { will, memory } = seen.decision;
    const wish: FenceWill = retiresAll ? { ...will, released: "all" } : will;
    const { protect, retire } = nodePlan(seen, wish, kernel);
    const hasRules = rulesFor(wish, found).join() !== found.join();
    return [
      ...[...protect, ...retire].map(nodeStep),
      ...(hasRules ? [rules(wish)] : []),
      note(both, memory, faults),
    ];
  });
}

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
      const all = [...memory.clusters.values()].flatMap(({ cidrs }) => cidrs);
      const noted = united(world.noted, all);
      return { world: { ...world, memory, noted } };
    },
  };
}

/** Whatever came of it, the fence stands by then. */
function unlock(will: FenceWill): Action {
  return {
    key: `unlock ${willKey(will)}`,
    take: (world) => ({ world: closing({ ...world, lock: undefined }, will) }),
  };
}

/** One that changes nothing, and knows then what to do. */
function action(
  key: string,
  plan: (world: World) => readonly Action[],
): Action {
  return { key, take: (world): Taken => ({ world, next: plan(world) }) };
}

/** Undefined where the kernel refuses. */
function after(kernel: KernelModel, step: Operation): KernelModel | undefined {
  const copy: KernelModel = {
    ...kernel,
    policies: new Map(kernel.policies),
    associations: new Map(kernel.associations),
  };
  try {
    applyStep(copy, step);
    return copy;
  } catch {
    return undefined;
  }
}

function rulesFor(will: FenceWill, standing: readonly string[]): string[] {
  const { sets } = fenceTable(toStand(will, standing.map(parseCidr)));
  return sets.flatMap(({ networks }) => networks.map(({ text }) => text));
}
