import { CHILD_REKEY_SECONDS } from "./charon/connection.ts";
import type { ListedChild, ListedIke } from "./charon/listed.ts";
import type { ViciClient } from "./vici/client.ts";

/** A look is at most so long away, in seconds. */
const NEXT_LOOK_SECONDS = 15;

/**
 * Has charon make new keys where it said it would: the kernel, which charon leaves the time to, would remind it only a day
 * later (see outgoing.ts).
 *
 * @throws what charon's silence throws; that an SA has just gone is no failure
 */
export async function rekeyDue(
  vici: ViciClient,
  listed: readonly ListedIke[],
): Promise<void> {
  for (const { id } of listed.flatMap(({ children }) => children).filter(isDue))
    await vici.request("rekey", { "child-id": id }).catch(passOver);
}

/** Where charon no longer says when, the time has passed. */
function isDue({ state, ageSeconds, rekeySeconds }: ListedChild): boolean {
  const leftSeconds = rekeySeconds ?? CHILD_REKEY_SECONDS - ageSeconds;
  return state === "INSTALLED" && leftSeconds <= NEXT_LOOK_SECONDS;
}

function passOver(error: unknown): void {
  if (!String(error).includes('charon refused "rekey"')) throw error;
}
