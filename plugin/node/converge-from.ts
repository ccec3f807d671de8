import type { Session } from "../kernel/session.ts";
import { raiseFence } from "../fence/raise.ts";
import { type FenceWill, raising } from "../fence/will.ts";
import { type Manner, tryRemember, underLock } from "./converge.ts";
import { differenceOf, type MeshDifference } from "./difference.ts";
import {
  applyFully,
  isEmpty,
  obstaclesOf,
  planFully,
  QUICKLY,
  wantedBy,
} from "./full-plan.ts";
import { type Look, lookAround } from "./look.ts";
import type { Place } from "./place.ts";

/**
 * Brings a node from what its files said to what they say now, where it was right and nobody has touched its kernel since: of
 * xfrm only what differs is asked for, since to list all of it takes seconds at 20,000 nodes. Where somebody has, what he did
 * elsewhere stays until all is looked at.
 *
 * @param before the look by which the node was right
 * @returns undefined where all has to be looked at: much differs, the fence does, or something is wrong
 * @throws as `converge` does
 */
export function convergeFrom(
  before: Look,
  session: Session,
  place: Place & Required<Pick<Place, "reader">>,
  manner: Manner & Behind,
): Look | undefined {
  return underLock(session, { place, log: manner.log }, () => {
    const look = lookAround(session, place);
    const difference = betweenLooks(before, look);
    return difference && step(session, { look, difference, place }, manner)
      ? look
      : undefined;
  });
}

/** Of a kernel that somebody has touched. */
interface Behind {
  /** Whether the fence is raised first: what protects it may go with a node that has gone. */
  readonly raises: boolean;
}

function betweenLooks(before: Look, look: Look): MeshDifference | undefined {
  if (look.trouble !== undefined || !sameFence(before, look)) return undefined;
  return before.node && look.node
    ? differenceOf(before.node.mesh, look.node.mesh)
    : undefined;
}

/** Then it stands, and nothing of it has to be raised before anything else, or to go. */
function sameFence({ decision: before }: Look, { decision }: Look): boolean {
  return textOf(before.will) === textOf(decision.will);
}

function textOf({ wanted, released, leaves = [] }: FenceWill): string {
  return [wanted, released === "all" ? [] : released, leaves]
    .map((cidrs) => cidrs.map(({ text }) => text).join())
    .join("|");
}

interface Step {
  readonly look: Look;
  readonly difference: MeshDifference;
  readonly place: Place;
}

/** Returns whether it was taken: not where something is in its way. */
function step(
  session: Session,
  { look, difference, place }: Step,
  { log, onlooker, raises }: Manner & Behind,
): boolean {
  const wanted = wantedBy(look, place);
  if (raises) raiseFence(session, raising(look.decision.will), log);
  const plan = planFully(session, wanted, QUICKLY, difference);
  // A note of a few series would pass for one of all.
  if (!isEmpty(plan) && plan.keys.notedAt === undefined) return false;
  if (obstaclesOf(plan).length > 0) return false;
  onlooker?.know(look.node);
  if (!isEmpty(plan)) {
    applyFully(session, { ...wanted, plan }, log);
    onlooker?.repaired(plan);
  }
  const trouble = tryRemember(session, [look.memory, look.decision.memory]);
  if (trouble !== undefined) throw trouble;
  return true;
}
