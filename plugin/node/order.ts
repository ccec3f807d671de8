/**
 * In what order a node is changed. No packet leaves in clear text because of it, whoever runs beside, changes the files or dies
 * in between: a model (test/support/fence-model) takes its steps from here too, and goes through every such order of things.
 */

/** A look under the node's lock, and then these. What is refused ends it, with all before it done. */
export const CHANGE = [
  "raise",
  // Before anything can fail: a reboot has to know of what was raised.
  "remember",
  "refuse trouble",
  "apply",
  // What the fence no longer needs, once it has gone.
  "forget",
] as const;

/** What "apply" is, by a plan that was made after all before it. What lets packets pass comes after what guards them. */
export const APPLY = [
  "note keys",
  "protect",
  "exempt from SNAT",
  "retire",
  "release the fence",
] as const;

/** For whoever waits for the lock or cannot go on, without the lock: it only adds. */
export const RAISE_ONLY = ["raise", "remember"] as const;

/** Takes each step in its turn; one that throws is the last. */
export function inOrder<Step extends string>(
  steps: readonly Step[],
  work: Readonly<Record<Step, () => void>>,
): void {
  for (const step of steps) work[step]();
}

/** What the work gives, or what kept it from being done: for a step after which the next one is taken whatever came of it. */
export function orTrouble<Value>(work: () => Value): Value | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** Throws what kept such a step from being done. */
export function orThrowTrouble<Value>(outcome: Value | Error): Value {
  if (outcome instanceof Error) throw outcome;
  return outcome;
}
