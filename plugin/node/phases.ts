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

/**
 * Steps of the way up, each in its turn: after what blocks, tunnels within this node's cluster come first, whole. Steps of one turn
 * stay as they are. They are made, and not kept: see Steps.
 *
 * @param near reqids of tunnels within this node's cluster
 */
export function bringingUp(
  lists: readonly Iterable<KernelOperation>[],
  near: ReadonlySet<number> = new Set(),
): Iterable<KernelOperation> {
  const turnOf = turnsBy(near);
  const parts = lists.map((steps) => ({
    steps,
    turns: turnsIn(steps, turnOf),
  }));
  const all = new Set(parts.flatMap(({ turns }) => [...turns]));
  const inOrder = [...all].sort((a, b) => a - b);
  return {
    *[Symbol.iterator]() {
      for (const turn of inOrder) {
        const some = parts.filter(({ turns }) => turns.has(turn));
        for (const { steps } of some)
          yield* filter(steps, (step) => turnOf(step) === turn);
      }
    },
  };
}

function* filter(
  steps: Iterable<KernelOperation>,
  isMeant: (step: KernelOperation) => boolean,
): Generator<KernelOperation> {
  for (const step of steps) if (isMeant(step)) yield step;
}

type TurnOf = (step: KernelOperation) => number;

/** Behind every phase of what is near. */
const LATER = Object.keys(PHASES).length;

function turnsBy(near: ReadonlySet<number>): TurnOf {
  return (step) => {
    const { up } = phasesOf(step);
    const reqid = near.size === 0 ? undefined : reqidOf(step);
    const isNear = reqid !== undefined && near.has(reqid);
    return isNear || up === PHASES.block.up ? up : up + LATER;
  };
}

/** Of the tunnel that a step is of, where it is of one. */
function reqidOf(step: KernelOperation): number | undefined {
  if (step.object === "association") return step.association.reqid;
  if (step.object === "policy") return step.policy.templates[0]?.reqid;
  return undefined;
}

function turnsIn(
  steps: Iterable<KernelOperation>,
  turnOf: TurnOf,
): Set<number> {
  const turns = new Set<number>();
  for (const step of steps) turns.add(turnOf(step));
  return turns;
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
