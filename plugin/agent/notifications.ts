import { decodeMessages, type Message } from "../../native/message.ts";
import {
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
} from "../../native/xfrm/constants.ts";

/** What takes something away, or changes it. What is added is either ours, or no harm to us. */
const HARMFUL: ReadonlySet<number> = new Set([
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
]);

/** Whether a datagram of xfrm notifications tells of something that may have been ours. */
export function tellsOfHarm(datagram: Uint8Array): boolean {
  return decodeMessages(datagram).some(({ type }: Message) =>
    HARMFUL.has(type),
  );
}
