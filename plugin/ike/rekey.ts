import type { TunnelAssociations } from "./associations.ts";
import { CHILD_REKEY_SECONDS } from "./charon/connection.ts";
import type { ListedChild, ListedIke } from "./charon/listed.ts";
import { sequenceUse } from "./sequence.ts";
import type { ViciClient } from "./vici/client.ts";

/** A look is at most so long away, in seconds. */
const NEXT_LOOK_SECONDS = 15;

/** From which part of its sequence numbers on an SA is replaced: at 1 the kernel would send no more by it. */
const WORN = 0.5;

/**
 * Has charon make new keys where it said it would: the kernel, which charon leaves the time to, would remind it only a day
 * later (see outgoing.ts), and of sequence numbers that run out it says nothing.
 *
 * @throws what charon's silence throws; that an SA has just gone is no failure
 */
export async function rekeyDue(
  vici: ViciClient,
  {
    listed,
    associations,
  }: {
    readonly listed: readonly ListedIke[];
    readonly associations: readonly TunnelAssociations[];
  },
): Promise<void> {
  const worn = wornSpis(associations);
  const due = listed
    .flatMap(({ children }) => children)
    .filter((child) => isDue(child) || isWorn(child, worn));
  for (const { id } of due)
    await vici.request("rekey", { "child-id": id }).catch(passOver);
}

/** Where charon no longer says when, the time has passed. */
function isDue({ state, ageSeconds, rekeySeconds }: ListedChild): boolean {
  const leftSeconds = rekeySeconds ?? CHILD_REKEY_SECONDS - ageSeconds;
  return state === "INSTALLED" && leftSeconds <= NEXT_LOOK_SECONDS;
}

function isWorn(
  { state, spiOut }: ListedChild,
  worn: ReadonlySet<number | undefined>,
): boolean {
  return state === "INSTALLED" && worn.has(spiOut);
}

/** SPIs of those that have sent enough. */
function wornSpis(associations: readonly TunnelAssociations[]): Set<number> {
  return new Set(
    associations
      .flatMap(({ negotiated }) => negotiated)
      .filter((sa) => sequenceUse(sa) >= WORN)
      .map(({ spi }) => spi),
  );
}

function passOver(error: unknown): void {
  if (!String(error).includes('charon refused "rekey"')) throw error;
}
