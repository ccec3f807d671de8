import {
  type Message,
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
} from "../../../native/index.ts";
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

/** What an xfrm notification means. What is added is either ours, or takes nothing from us. */
export function judgeXfrm({ type }: Message): Effect {
  return HARMFUL.has(type) ? "harm" : "nothing";
}
