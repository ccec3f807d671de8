import { decide, type Decision, type Memory } from "../fence/decide.ts";
import { forgottenSince, joinMemories } from "../fence/join.ts";
import { recall, remember, sameMemory } from "../fence/memory.ts";
import { raiseFence } from "../fence/raise.ts";
import { raising } from "../fence/will.ts";
import type { Cidr } from "../../ip/cidr.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import type { Session } from "../kernel/session.ts";
import { lookAround } from "./look.ts";
import { machineOf } from "./machine.ts";
import { inOrder, orThrowTrouble, orTrouble, RAISE_ONLY } from "./order.ts";
import type { Place } from "./place.ts";

/** Hands a session on, and where to look for the files. */
export type Lend = (use: (session: Session, place: Place) => void) => void;

/**
 * The fence and nothing else, for whoever cannot go on, or has to wait. It needs no lock, since what it adds takes nothing
 * from anybody. What is added is remembered, so that it can be forgotten by its name. Never throws: what is wrong with the
 * fence too is logged.
 *
 * @returns what `takeBack` needs; undefined where nothing was raised
 */
export function raiseAnyway(lend: Lend, log: Log): Meanwhile | undefined {
  let meanwhile: Meanwhile | undefined;
  orLog(log, () => {
    lend((session, place) => {
      const { memory, decision } = lookAround(session, place);
      const decided = { config: place.config, memory, decision };
      meanwhile = { seen: memory, again: raiseOnly(session, decided, log) };
    });
  });
  return meanwhile;
}

/** Of a fence that was raised without the lock. */
export interface Meanwhile {
  /** What was remembered when it was decided upon. */
  readonly seen: Memory;
  /** What had been forgotten by the time that it was remembered, and so is again. */
  readonly again: readonly Cidr[];
}

/**
 * What was fenced here for certain, by nothing but what is remembered: for who begins, since to read the files of a large mesh takes
 * longer. Never throws, like {@link raiseAnyway}.
 */
export function raiseRemembered(lend: Lend, log: Log): void {
  orLog(log, () => {
    lend((session, place) => {
      const { memory } = recall(session.kernel, place.config.clustersDir);
      const machine = machineOf(session.route, { ...place, isKnown: true });
      const decision = decide({
        ...{ claims: [], own: memory.own, settled: false, machine },
        memory: certain(memory),
      });
      const { leaves } = memory;
      const will = { ...decision.will, ...(leaves && { leaves }) };
      raiseOnly(
        session,
        { config: place.config, memory, decision: { ...decision, will } },
        log,
      );
    });
  });
}

function certain(memory: Memory): Memory {
  const sure = [...memory.clusters].filter(([, { sure }]) => sure);
  return { ...memory, clusters: new Map(sure) };
}

/** Does the work; what keeps it from being done is logged. */
export function orLog(log: Log, work: () => void): void {
  try {
    work();
  } catch (error) {
    const fact = error instanceof Error ? error.message : String(error);
    log("error", `Cannot raise all of the fence: ${fact}`);
  }
}

/** Does the work; where something keeps it from being done, the fence stands before that is told. */
export function fenceBeforeTelling<Result>(
  work: () => Result,
  lend: Lend,
  log: Log,
): Result {
  try {
    return work();
  } catch (error) {
    raiseAnyway(lend, log);
    throw error;
  }
}

/** What was decided, of which configuration's files. */
interface Decided extends Pick<Place, "config"> {
  /** What was remembered then. */
  readonly memory: Memory;
  readonly decision: Pick<Decision, "will" | "memory">;
}

function raiseOnly(
  session: Session,
  { config, memory, decision }: Decided,
  log: Log,
): readonly Cidr[] {
  let trouble: unknown;
  let again: readonly Cidr[] = [];
  inOrder(RAISE_ONLY, {
    raise: () => {
      trouble = orTrouble(() =>
        raiseFence(session, raising(decision.will), log),
      );
    },
    remember: () => {
      again = rememberMore(session.kernel, config.clustersDir, {
        seen: memory,
        more: decision.memory,
      });
    },
  });
  orThrowTrouble(trouble);
  return again;
}

/** Returns what of it had been forgotten since. */
function rememberMore(
  kernel: Kernel,
  folder: string,
  { seen, more }: Readonly<Record<"seen" | "more", Memory>>,
): readonly Cidr[] {
  const { memory: before } = recall(kernel, folder);
  const both = joinMemories(before, more);
  if (!sameMemory(before, both)) remember(kernel, both, before);
  return forgottenSince(seen, before);
}
