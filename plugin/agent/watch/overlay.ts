import { decodeAttributes } from "../../../native/attribute.ts";
import { decode, i32 } from "../../../native/layout.ts";
import type { Message } from "../../../native/message.ts";
import {
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
} from "../../../native/route/constants.ts";
import { decodeRoute } from "../../../native/route/route.ts";
import { decodeRule } from "../../../native/route/rule.ts";
import { ifaddrmsg, ifinfomsg, ndmsg } from "../../../native/route/structs.ts";
import { OVERLAY_TABLE } from "../../overlay/state.ts";
import { NETCONF_HEADER_BYTES, RTM } from "./route.ts";
import type { Verdict } from "./verdict.ts";

/** RTNLGRP_NEIGH, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE: include/uapi/linux/rtnetlink.h. */
export const OVERLAY_GROUPS = [3, 8, 19];

/**
 * What an rtnetlink notification means for the VXLAN device of a gateway-mode cluster, for what is in its tables, and for
 * the ways over it.
 *
 * @param device its index; undefined where there is none
 */
export function judgeOverlay(
  message: Message,
  device: number | undefined,
): Verdict {
  const { type, body } = message;
  switch (type) {
    case RTM_DELRULE:
      return decodeRule(body).table === OVERLAY_TABLE ? "harm" : "nothing";
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      if (decodeRoute(body).table !== OVERLAY_TABLE) return "nothing";
      return type === RTM_DELROUTE ? "harm" : "change";
    default:
      return device === undefined ? "nothing" : judgeDevice(message, device);
  }
}

// include/uapi/linux/netconf.h
const NETCONFA_IFINDEX = 1;
const NETCONFA_RP_FILTER = 3;

/** NUD_INCOMPLETE, NUD_FAILED: somebody asks for a neighbour that is not there; include/uapi/linux/neighbour.h. */
const UNANSWERED: ReadonlySet<number> = new Set([0x01, 0x20]);

function judgeDevice({ type, body }: Message, device: number): Verdict {
  const when = (index: number, verdict: Verdict): Verdict =>
    index === device ? verdict : "nothing";
  switch (type) {
    case RTM_DELLINK:
      return when(decode(ifinfomsg, body).ifi_index, "harm");
    case RTM_NEWLINK:
      return when(decode(ifinfomsg, body).ifi_index, "change");
    case RTM.deleteAddress:
      return when(decode(ifaddrmsg, body).ifa_index, "harm");
    case RTM_DELNEIGH:
      return when(decode(ndmsg, body).ndm_ifindex, "harm");
    case RTM_NEWNEIGH: {
      const { ndm_ifindex: index, ndm_state: state } = decode(ndmsg, body);
      return UNANSWERED.has(state) ? "nothing" : when(index, "change");
    }
    case RTM.newNetconf:
      return changesFilter(body, device) ? "change" : "nothing";
    default:
      return "nothing";
  }
}

/** Whether rp_filter of the device was set. */
function changesFilter(body: Uint8Array, device: number): boolean {
  const attributes = decodeAttributes(body.subarray(NETCONF_HEADER_BYTES));
  const index = attributes.get(NETCONFA_IFINDEX);
  return (
    attributes.has(NETCONFA_RP_FILTER) &&
    index !== undefined &&
    decode(i32, index) === device
  );
}
