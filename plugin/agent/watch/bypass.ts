import {
  decode,
  type Message,
  RTM_DELTFILTER,
  RTM_NEWTFILTER,
  u32,
  XFRM_MSG_NEWPOLICY,
  XFRM_MSG_UPDPOLICY,
  xfrmUserpolicyInfo,
} from "../../../native/index.ts";
import { ownsPolicy } from "../../owned.ts";
import type { Effect } from "./effect.ts";

/** XFRMNLGRP_POLICY: include/uapi/linux/xfrm.h. */
export const POLICY_GROUPS = [4];

/** RTNLGRP_TC: include/uapi/linux/rtnetlink.h. */
export const TRAFFIC_CONTROL_GROUPS = [4];

/** Thousands of policies of ours come and go at once, and mean nothing here. */
export function judgePolicy({ type, body }: Message): Effect {
  if (type !== XFRM_MSG_NEWPOLICY && type !== XFRM_MSG_UPDPOLICY)
    return "change";
  const priority = decode(u32, body, xfrmUserpolicyInfo.offsets.priority);
  return ownsPolicy({ priority }) ? "nothing" : "change";
}

/** Qdiscs come with each device; only filters hand packets on. */
export function judgeFilter({ type }: Message): Effect {
  return type === RTM_NEWTFILTER || type === RTM_DELTFILTER
    ? "change"
    : "nothing";
}
