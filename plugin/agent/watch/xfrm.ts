import {
  decode,
  type Message,
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
  xfrmUsersaId,
  xfrmUsersaInfo,
} from "../../../native/index.ts";
import { isDerivedSpi } from "../../mesh/ipsec/spi.ts";
import type { Effect } from "./effect.ts";

/** XFRMNLGRP_SA, XFRMNLGRP_POLICY: include/uapi/linux/xfrm.h. */
export const XFRM_GROUPS = [3, 4];

/** What takes something away, or changes it. */
const HARMFUL: ReadonlySet<number> = new Set([
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
]);

/**
 * What an xfrm notification means. What is added is either ours, or takes nothing from us. charon renews SAs of its own all
 * the time, and its room (plugin/ike) looks after them.
 */
export function judgeXfrm(message: Message): Effect {
  if (!HARMFUL.has(message.type)) return "nothing";
  const spi = spiOf(message);
  return spi === undefined || isDerivedSpi(spi) ? "harm" : "nothing";
}

/** Which SA it is about; undefined where it is about several, about policies, or cannot be read. */
function spiOf({ type, body }: Message): number | undefined {
  if (type === XFRM_MSG_DELSA && body.length >= xfrmUsersaId.size)
    return decode(xfrmUsersaId, body).spi;
  if (type === XFRM_MSG_UPDSA && body.length >= xfrmUsersaInfo.size)
    return decode(xfrmUsersaInfo, body).id.spi;
  return undefined;
}
