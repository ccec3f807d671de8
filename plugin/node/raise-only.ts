import type { Memory } from "../fence/decide.ts";
import { joinMemories } from "../fence/join.ts";
import { recall, remember, sameMemory } from "../fence/memory.ts";
import { raiseFence } from "../fence/raise.ts";
import { raising } from "../fence/will.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import type { Session } from "../kernel/session.ts";
import { lookAround } from "./look.ts";
import { inOrder, orThrowTrouble, orTrouble, RAISE_ONLY } from "./order.ts";
import type { Place } from "./place.ts";

/** Hands a session on, and where to look for the files. */
export type Lend = (use: (session: Session, place: Place) => void) => void;

/**
 * The fence and nothing else, for whoever cannot go on, or has to wait. It needs no lock, since what it adds takes nothing
 * from anybody. What is added is remembered, so that it can be forgotten by its name. Never throws: what is wrong with the
 * fence too is logged.
 */
export function raiseAnyway(lend: Lend, log: Log): void {
  try {
    lend((session, place) => {
      raiseOnly(session, place, log);
    });
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

function raiseOnly(session: Session, place: Place, log: Log): void {
  const { decision } = lookAround(session, place);
  const { clustersDir } = place.config;
  let trouble: unknown;
  inOrder(RAISE_ONLY, {
    raise: () => {
      trouble = orTrouble(() =>
        raiseFence(session, raising(decision.will), log),
      );
    },
    remember: () => {
      rememberMore(session.kernel, clustersDir, decision.memory);
    },
  });
  orThrowTrouble(trouble);
}

function rememberMore(kernel: Kernel, folder: string, more: Memory): void {
  const { memory: before } = recall(kernel, folder);
  const both = joinMemories(before, more);
  if (!sameMemory(before, both)) remember(kernel, both, before);
}
