import {
  type ObservedAssociation,
  XFRM_STATE_ESN,
} from "../../native/index.ts";

/** How much of its sequence numbers an SA has sent, from 0 to 1. At 1 the kernel drops what it is to send. */
export function sequenceUse({
  sequence,
  flags = 0,
}: Pick<ObservedAssociation, "sequence" | "flags">): number {
  const bits = (flags & XFRM_STATE_ESN) === 0 ? 32 : 64;
  return Number(sequence.output) / 2 ** bits;
}
