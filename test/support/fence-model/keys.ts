/** What tells states of the node apart, and actions. */
import type { Memory } from "../../../plugin/fence/decide.ts";
import type { FenceWill } from "../../../plugin/fence/will.ts";
import type { Operation } from "../../../plugin/reconcile/operation.ts";
import { describeStep } from "../../../plugin/reconcile/sentence.ts";
import type { KernelModel } from "../kernel-model.ts";
import type { Id, Seen, World } from "./world.ts";

/** In words, since a run that errs is read. */
export function stepKey(step: Operation): string {
  if (step.object === "policy" || step.object === "association")
    return describeStep(step);
  throw new Error(`this model knows nothing of a ${step.object}`);
}

export function willKey({ wanted, released }: FenceWill): string {
  const texts =
    released === "all" ? [released] : released.map(({ text }) => text);
  return `${wanted.map(({ text }) => text).join()}-${texts.join()}`;
}

export function seenKey({ memory, decision, isTrouble, mesh }: Seen): string {
  const linked = mesh?.peers.map(({ cluster }) => cluster).join() ?? "";
  return `${memoryKey(memory)} ${memoryKey(decision.memory)} ${willKey(decision.will)} ${linked} ${String(isTrouble)}`;
}

const memoryKeys = new WeakMap<Memory, string>();

/** All of a memory that matters here. */
export function memoryKey(memory: Memory): string {
  const known = memoryKeys.get(memory) ?? wordsOf(memory);
  memoryKeys.set(memory, known);
  return known;
}

function wordsOf({ own = "", clusters }: Memory): string {
  const known = [...clusters].map(
    ([name, { cidrs, sure }]) =>
      `${name}${String(sure)}${cidrs.map(({ text }) => text).join()}`,
  );
  return `${own}:${known.sort().join(";")}`;
}

/** Short names for long keys. */
function numbers(): (key: string) => number {
  const known = new Map<string, number>();
  return (key) => {
    const number = known.get(key) ?? known.size;
    known.set(key, number);
    return number;
  };
}

/** Tells states of the node apart; which of the two runs is which makes none. */
export function worldKeys(): (world: World) => string {
  const number = numbers();
  const ofKernels = new WeakMap<KernelModel, number>();
  const ofKernel = (kernel: KernelModel): number => {
    const known = ofKernels.get(kernel) ?? number(kernelKey(kernel));
    ofKernels.set(kernel, known);
    return known;
  };
  const ofRun = ({ runs, lock }: World, id: Id): string => {
    const actions = runs[id].map(({ key }) => number(key));
    return [lock === id ? "holds" : "", ...actions].join();
  };
  return (world) =>
    [
      ...Object.values(world.files),
      ofKernel(world.kernel),
      number(memoryKey(world.memory)),
      ...[ofRun(world, 0), ofRun(world, 1)].sort(),
      number(world.rules.join()),
      number(world.fenced.join()),
      number(world.noted.join()),
      world.isRaised,
      ...Object.values(world.left),
    ].join();
}

function kernelKey({ policies, associations }: KernelModel): string {
  return [...policies.keys(), ...associations.keys()].sort().join();
}
