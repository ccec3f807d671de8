import type { ReservationFile } from "../folder/census.ts";
import { ownerOf, writeNotes } from "../folder/notes.ts";
import { type Traces, whereaboutsOf } from "./whereabouts.ts";

/**
 * Addresses that nobody will ever give back: their containers ended with an earlier boot or without a DEL, or a program
 * died before it wrote to the file. Never one whose holder may live. Call it with the lock held.
 *
 * Of whom nothing is known, it is noted that the reservation was there in this boot: after the next one it is left
 * over, too.
 */
export function leftOver(
  entries: Iterable<ReservationFile>,
  traces: Traces,
): readonly string[] {
  return [...entries]
    .filter((entry) => isLeftOver(entry, traces))
    .map(({ address }) => address);
}

function isLeftOver(entry: ReservationFile, traces: Traces): boolean {
  // Whoever creates a file holds the lock until it is written, and now we hold it
  if (entry.reservation.kind === "empty") return true;
  const { gone, note } = whereaboutsOf(traces, entry);
  if (!gone && note === undefined) noteBoot(entry, traces);
  return gone;
}

function noteBoot(
  { address, reservation }: ReservationFile,
  { place, boot }: Traces,
): void {
  const owner = ownerOf(reservation);
  if (owner === undefined || boot === undefined) return;
  writeNotes(place, [address], { ...owner, netns: "", seen: false, boot });
}
