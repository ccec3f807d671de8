import { withNodeLock } from "../kernel/lock.ts";
import type { Log } from "../kernel/log.ts";
import type { Memory } from "../fence/decide.ts";
import { joinMemories } from "../fence/join.ts";
import { remember, sameMemory } from "../fence/memory.ts";
import { type Raised, raiseFence } from "../fence/raise.ts";
import { raising } from "../fence/will.ts";
import { type Picture, pictureOf } from "../kernel/picture.ts";
import type { Session } from "../kernel/session.ts";
import { noteAgain } from "./keys/look.ts";
import type { LinkedNode } from "./linked.ts";
import { type Look, lookAround, orThrow } from "./look.ts";
import type { Place } from "./place.ts";
import { CHANGE, inOrder, orThrowTrouble, orTrouble } from "./order.ts";
import { meshReader } from "./reader.ts";
import { type Meanwhile, raiseAnyway } from "./raise-only.ts";
import { takeBack } from "./take-back.ts";
import {
  applyFully,
  type FullPlan,
  isEmpty,
  planFully,
  QUICKLY,
  refuseConflicts,
  refuseSecrets,
  type Wanted,
  wantedBy,
} from "./full-plan.ts";

/** How a node is brought up to date. */
export interface Manner {
  readonly log: Log;
  readonly onlooker?: Onlooker | undefined;
  /** What the first look sees, for who goes on to look at more; what a change leaves behind is not in it. */
  readonly picture?: Picture;
}

/**
 * Brings the node to what its files say. A node that is right already is only looked at. Others are changed under the
 * node's lock, by files and a kernel that are looked at under it; and before anything else the fence stands, whatever is
 * wrong with the rest.
 *
 * @returns the look that it followed, without trouble
 * @throws CniError 7 for what is wrong with the files, 11 where the lock cannot be had, 106 where another program holds an
 *   object that we need; what apply throws
 */
export function converge(session: Session, from: Place, manner: Manner): Look {
  // All looks by one: what the files say is parsed once unless they change meanwhile.
  const place = { reader: meshReader(), ...from };
  const picture = manner.picture ?? pictureOf(session);
  const seen = lookAround(picture, place);
  if (isRight(picture, seen, place)) {
    manner.onlooker?.know(seen.node);
    return seen;
  }
  picture.forget();
  return underLock(session, { place, log: manner.log }, () =>
    change(session, place, manner),
  );
}

/** Whoever holds the lock, or whatever is wrong with it: to add to the fence takes nothing from anybody. */
export function underLock<Result>(
  session: Session,
  { place, log }: { readonly place: Place; readonly log: Log },
  work: () => Result,
): Result {
  const lock = { isHeld: false };
  let meanwhile: Meanwhile | undefined;
  const fenceMeanwhile = (): void => {
    meanwhile = raiseAnyway((use) => {
      use(session, place);
    }, log);
  };
  try {
    const holding = (): Result => {
      lock.isHeld = true;
      if (meanwhile !== undefined) takeBack(session, { place, log }, meanwhile);
      return work();
    };
    return withNodeLock(session.kernel, holding, { onWait: fenceMeanwhile });
  } catch (error) {
    if (!lock.isHeld) fenceMeanwhile();
    throw error;
  }
}

/** Whether nothing is to be done. What cannot even be planned is looked at again under the lock, behind the fence. */
function isRight(session: Session, look: Look, place: Place): boolean {
  if (look.trouble !== undefined) return false;
  if (!sameMemory(look.memory, look.decision.memory)) return false;
  try {
    const wanted = wantedBy(look, place);
    const plan = planFully(session, wanted, QUICKLY);
    if (!isEmpty(plan)) return false;
    noteAgain(session, plan.keys, wanted.counters);
    return true;
  } catch {
    return false;
  }
}

/** Under the lock, in the order of {@link CHANGE}. */
function change(
  session: Session,
  place: Place,
  { log, onlooker }: Manner,
): Look {
  const look = lookAround(session, place);
  if (look.damage !== undefined) log("error", look.damage);
  const { will, memory } = look.decision;
  const both = joinMemories(look.memory, memory);
  let raised: Raised | Error = { policies: [], rules: [] };
  let unwritten: Error | undefined;
  inOrder(CHANGE, {
    raise: () => {
      raised = orTrouble(() => raiseFence(session, raising(will), log));
    },
    remember: () => {
      unwritten = tryRemember(session, [look.memory, both]);
    },
    "refuse trouble": () => {
      orThrowTrouble(raised);
      const { node } = orThrow(look);
      onlooker?.know(node);
    },
    apply: () => {
      const plan = applyAnew(session, wantedBy(look, place), log);
      onlooker?.repaired(withRaised(plan, orThrowTrouble(raised)));
    },
    forget: () => {
      const trouble = unwritten ?? tryRemember(session, [both, memory]);
      if (trouble !== undefined) throw trouble;
    },
  });
  return look;
}

function applyAnew(session: Session, wanted: Wanted, log: Log): FullPlan {
  const plan = planFully(session, wanted);
  refuseConflicts(plan);
  applyFully(session, { ...wanted, plan }, log);
  refuseSecrets(plan);
  return plan;
}

function withRaised(plan: FullPlan, { policies, rules }: Raised): FullPlan {
  const { node, fence } = plan;
  return {
    ...plan,
    node: { ...node, protect: [...policies, ...node.protect] },
    fence: { ...fence, operations: [...rules, ...fence.operations] },
  };
}

/** The fence stands without it. Returns what kept it from being remembered. */
export function tryRemember(
  { kernel }: Session,
  [before, next]: readonly [Memory, Memory],
): Error | undefined {
  return orTrouble(() => {
    if (!sameMemory(before, next)) remember(kernel, next, before);
    return undefined;
  });
}

/** Who looks on while a node is refreshed. */
export interface Onlooker {
  /** Is told what the node should be; undefined where it is linked to nothing. */
  readonly know: (node: LinkedNode | undefined) => void;
  /** Is told of every plan that was carried out. */
  readonly repaired: (plan: FullPlan) => void;
}
