/** The two layers of the fence as actions, and the small ones that all of a run is made from. */
import { parseCidr } from "../../../ip/cidr.ts";
import type { Memory } from "../../../plugin/fence/decide.ts";
import { planFencePolicies } from "../../../plugin/fence/policies.ts";
import { fenceTable } from "../../../plugin/fence/table.ts";
import {
  type FenceWill,
  raising,
  toStand,
} from "../../../plugin/fence/will.ts";
import type { Operation } from "../../../plugin/reconcile/operation.ts";
import { applyStep, type KernelModel, observe } from "../kernel-model.ts";
import { stepKey, willKey } from "./keys.ts";
import type { Action, Taken, World } from "./world.ts";

export function raise(will: FenceWill): Action[] {
  return bring(raising(will));
}

/** Brings both layers to what is wanted: what is released goes. */
export function bring(will: FenceWill): Action[] {
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
export function rules(will: FenceWill): Action {
  return {
    key: `rules ${willKey(will)}`,
    take: (world) => {
      const found = rulesFor(will, world.rules);
      return { world: closing({ ...world, rules: found }, will) };
    },
  };
}

/** From now on all that is wanted counts as closed. */
export function closing(world: World, { wanted }: FenceWill): World {
  const texts = wanted.map(({ text }) => text);
  const fenced = united(world.fenced, texts);
  return { ...world, fenced, isRaised: true };
}

export function united(
  texts: readonly string[],
  more: readonly string[],
): string[] {
  return [...new Set([...texts, ...more])].sort();
}

/** One that changes nothing, and knows then what to do. */
export function action(
  key: string,
  plan: (world: World) => readonly Action[],
): Action {
  return { key, take: (world): Taken => ({ world, next: plan(world) }) };
}

/** Undefined where the kernel refuses. */
export function after(
  kernel: KernelModel,
  step: Operation,
): KernelModel | undefined {
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

export function rulesFor(
  will: FenceWill,
  standing: readonly string[],
): string[] {
  const { sets } = fenceTable(toStand(will, standing.map(parseCidr)));
  return sets.flatMap(({ networks }) => networks.map(({ text }) => text));
}

export function cidrsOf({ clusters }: Memory): string[] {
  return [...clusters.values()].flatMap(({ cidrs }) =>
    cidrs.map(({ text }) => text),
  );
}
