/**
 * A secret gives each direction of a tunnel not one key but a series of them: generations. Its sender goes on to the next
 * one where a counter nears its end, or where nobody can tell how far a lost SA had counted, and says so to nobody: the
 * receiver has the next one's SA standing, and follows once that has carried packets.
 */

/** An SPI has room for so many generations at once: two bits. The whole number goes into the key. */
export const SLOTS = 4;

/** A generation's place in an SPI. The first one's is its own, the others take turns. */
export function slotOf(generation: number): number {
  return generation === 0 ? 0 : 1 + ((generation - 1) % (SLOTS - 1));
}

/**
 * The generations that a receiver accepts, no two of which share a slot: the newest that it has heard, the next one, the
 * one before, of which packets may be on their way, and the first, with which a sender begins that knows nothing of others.
 */
export function accepted(heard: number): number[] {
  const around = [heard - 1, heard, heard + 1].filter((one) => one > 0);
  return [0, ...around];
}

/** Every generation that may stand in a slot, the oldest first. */
export function generationsIn(slot: number, count: number): number[] {
  return slot === 0
    ? [0]
    : Array.from({ length: count }, (_, i) => slot + i * (SLOTS - 1));
}
