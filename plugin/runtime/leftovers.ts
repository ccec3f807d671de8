import type { LabelledAttachment } from "../pod/label.ts";

/**
 * How long an attachment must be unknown before nobody can come for it, in milliseconds. A runtime lists a sandbox only
 * when its ADD is over, for which kubelet gives it 4 minutes.
 */
const GRACE = 5 * 60_000;

/** Tells what was left over from what is still being made. */
export interface Leftovers {
  /**
   * The attachments that have been without a sandbox at every look of the grace period.
   *
   * @param lives whether an attachment's sandbox is known, or a process is in it
   * @param now milliseconds
   */
  readonly judge: <Held extends LabelledAttachment>(
    held: readonly Held[],
    lives: (attachment: Held) => boolean,
    now: number,
  ) => Held[];
}

/** Remembers since when each attachment has been unknown; one that is known in between starts anew. */
export function leftovers(grace = GRACE): Leftovers {
  let unknownSince = new Map<string, number>();
  return {
    judge: (held, lives, now) => {
      const unknown = held.filter((attachment) => !lives(attachment));
      unknownSince = new Map(
        unknown.map((attachment) => {
          const key = keyOf(attachment);
          return [key, unknownSince.get(key) ?? now];
        }),
      );
      return unknown.filter(
        (attachment) =>
          now - (unknownSince.get(keyOf(attachment)) ?? now) >= grace,
      );
    },
  };
}

function keyOf({ network, containerID, ifname }: LabelledAttachment): string {
  return `${network} ${containerID} ${ifname}`;
}
