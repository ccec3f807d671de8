import {
  decode,
  decodeAttributes,
  type Message,
  RTM_DELTFILTER,
  RTM_NEWTFILTER,
  u32,
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_NEWPOLICY,
  XFRM_MSG_UPDPOLICY,
  XFRMA_POLICY,
  xfrmUserpolicyId,
  xfrmUserpolicyInfo,
} from "../../../native/index.ts";
import { ownsPolicy } from "../../owned.ts";
import type { Effect } from "./effect.ts";

/** XFRMNLGRP_POLICY: include/uapi/linux/xfrm.h. */
export const POLICY_GROUPS = [4];

/** RTNLGRP_TC: include/uapi/linux/rtnetlink.h. */
export const TRAFFIC_CONTROL_GROUPS = [4];

/** Thousands of policies of ours come and go at once, and mean nothing here. */
export function judgePolicy(message: Message): Effect {
  const policy = policyIn(message);
  if (policy === undefined) return "change";
  const priority = decode(u32, policy, xfrmUserpolicyInfo.offsets.priority);
  return ownsPolicy({ priority }) ? "nothing" : "change";
}

/** The one that it is about: of one that goes an attribute has it (xfrm_notify_policy(), net/xfrm/xfrm_user.c). */
function policyIn({ type, body }: Message): Uint8Array | undefined {
  if (type === XFRM_MSG_NEWPOLICY || type === XFRM_MSG_UPDPOLICY) return body;
  return type === XFRM_MSG_DELPOLICY && body.length > xfrmUserpolicyId.size
    ? decodeAttributes(body.subarray(xfrmUserpolicyId.size)).get(XFRMA_POLICY)
    : undefined;
}

/** Qdiscs come with each device; only filters hand packets on. */
export function judgeFilter({ type }: Message): Effect {
  return type === RTM_NEWTFILTER || type === RTM_DELTFILTER
    ? "change"
    : "nothing";
}
