import type { KernelOperation } from "../reconcile/operation.ts";

/** When a node's step is taken: phases of the way up, and of the way down. */
interface Phases {
  readonly up: number;
  readonly down: number;
}

/**
 * The order in which no packet ever leaves in clear text. Up: what blocks comes first, what lets packets out last, and by
 * then the far end may be answered (without "in" and "fwd" a decrypted packet is dropped). Down: what blocks goes last.
 */
const PHASES = {
  block: { up: 0, down: 3 },
  association: { up: 1, down: 1 },
  inbound: { up: 2, down: 0 },
  outbound: { up: 3, down: 0 },
  route: { up: 4, down: 2 },
  other: { up: 5, down: 4 },
} as const satisfies Record<string, Phases>;

/** Steps of the way up, each in its turn; steps of one phase stay as they are. They are made, and not kept: see Steps. */
export function bringingUp(
  lists: readonly Iterable<KernelOperation>[],
): Iterable<KernelOperation> {
  const parts = lists.map((steps) => ({ steps, phases: phasesIn(steps) }));
  return {
    *[Symbol.iterator]() {
      for (const phase of UP) {
        const some = parts.filter(({ phases }) => phases.has(phase));
        for (const { steps } of some) yield* ofPhase(phase, steps);
      }
    },
  };
}

function* ofPhase(
  phase: number,
  steps: Iterable<KernelOperation>,
): Generator<KernelOperation> {
  for (const step of steps) if (phasesOf(step).up === phase) yield step;
}

const UP = [...new Set(Object.values(PHASES).map(({ up }) => up))].sort(
  (a, b) => a - b,
);

function phasesIn(steps: Iterable<KernelOperation>): Set<number> {
  const phases = new Set<number>();
  for (const step of steps) phases.add(phasesOf(step).up);
  return phases;
}

/** Steps of the way down. */
export function takingDown(
  steps: readonly KernelOperation[],
): KernelOperation[] {
  return steps.toSorted((a, b) => phasesOf(a).down - phasesOf(b).down);
}

function phasesOf(step: KernelOperation): Phases {
  switch (step.object) {
    case "policy":
      if (step.policy.action !== "allow") return PHASES.block;
      return step.policy.direction === "out" ? PHASES.outbound : PHASES.inbound;
    case "association":
    case "route":
      return PHASES[step.object];
    default:
      return PHASES.other;
  }
}
