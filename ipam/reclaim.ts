import { type Allocation, allocate, type Lease } from "./allocator.ts";
import { isExhausted } from "./error.ts";
import { removeNotes } from "./folder/notes.ts";
import { leftOver } from "./liveness/left-over.ts";
import { lookAt } from "./liveness/namespace.ts";
import type { Traces } from "./liveness/whereabouts.ts";
import type { DiskStore } from "./store/disk.ts";

/** What an ADD knows that helps to tell who is gone. */
export interface ReclaimHints {
  readonly traces: () => Traces;
  /** As IpamContext's. */
  readonly leave?: (() => void) | undefined;
  /** The namespace that the ADD is for. */
  readonly netns: string;
}

/**
 * Allocates; where a range set is exhausted, frees what is left over, and tries again. Call it with the lock held.
 *
 * @throws CniError as allocate() does
 */
export function allocateOrReclaim(
  store: DiskStore,
  allocation: Allocation,
  hints: ReclaimHints,
): readonly Lease[] {
  try {
    return allocate(store, allocation);
  } catch (error) {
    if (!isExhausted(error) || !reclaim(store, hints)) throw error;
    return allocate(store, allocation);
  }
}

/** Frees what is left over; false where there was nothing. */
function reclaim(
  store: DiskStore,
  { traces, netns, leave }: ReclaimHints,
): boolean {
  leave?.();
  if (leave !== undefined) return false;
  // A mount that does not reach this process looks like a namespace that is gone: theirs would, too
  if (lookAt(netns) === "other") return false;
  const known = traces();
  const freed = leftOver(store.entries(), known).filter(store.free);
  removeNotes(known.place, freed);
  return freed.length > 0;
}
