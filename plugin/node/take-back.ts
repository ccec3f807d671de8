import { forgottenSince, withoutCidrs } from "../fence/join.ts";
import { recall, remember, sameMemory } from "../fence/memory.ts";
import { raiseFence } from "../fence/raise.ts";
import { raising } from "../fence/will.ts";
import { distinctCidrs } from "../../ip/distinct.ts";
import type { Log } from "../kernel/log.ts";
import type { Session } from "../kernel/session.ts";
import { lookAround } from "./look.ts";
import type { Place } from "./place.ts";
import { type Meanwhile, orLog } from "./raise-only.ts";

/**
 * For whoever has raised the fence while it waited for the lock, and has it now: what others have forgotten meanwhile, who had the
 * lock, does not stand again because of that. Never throws; where anything is wrong, all stays.
 */
export function takeBack(
  session: Session,
  { place, log }: { readonly place: Place; readonly log: Log },
  { seen, again }: Meanwhile,
): void {
  orLog(log, () => {
    const { kernel } = session;
    const { memory, damage } = recall(kernel, place.config.clustersDir);
    const forgotten = distinctCidrs([
      ...again,
      ...forgottenSince(seen, memory),
    ]);
    if (forgotten.length === 0 || damage !== undefined) return;
    if (lookAround(session, place).trouble !== undefined) return;
    const next = withoutCidrs(memory, forgotten);
    if (!sameMemory(memory, next)) remember(kernel, next, memory);
    // What a file asks for is wanted, whoever forgot it.
    const will = raising(lookAround(session, place).decision.will);
    raiseFence(session, will, log);
    raiseFence(session, { ...will, released: forgotten }, log);
  });
}
