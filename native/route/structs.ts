import { AF_INET, AF_INET6 } from "../address.ts";
import { i32, u16, u32, u8 } from "../field.ts";
import { struct } from "../layout.ts";

/** include/uapi/linux/rtnetlink.h: a link. */
export const ifinfomsg = struct("ifinfomsg", 16, {
  ifi_family: u8,
  __ifi_pad: u8,
  ifi_type: u16,
  ifi_index: i32,
  ifi_flags: u32,
  ifi_change: u32,
});

/** include/uapi/linux/if_addr.h: an address of a link. */
export const ifaddrmsg = struct("ifaddrmsg", 8, {
  ifa_family: u8,
  ifa_prefixlen: u8,
  ifa_flags: u8,
  ifa_scope: u8,
  ifa_index: u32,
});

/** include/uapi/linux/rtnetlink.h: a route. */
export const rtmsg = struct("rtmsg", 12, {
  rtm_family: u8,
  rtm_dst_len: u8,
  rtm_src_len: u8,
  rtm_tos: u8,
  rtm_table: u8,
  rtm_protocol: u8,
  rtm_scope: u8,
  rtm_type: u8,
  rtm_flags: u32,
});

/** include/uapi/linux/rtnetlink.h: one of a route's several next hops. Attributes follow it, rtnh_len counts them. */
export const rtnexthop = struct("rtnexthop", 8, {
  rtnh_len: u16,
  rtnh_flags: u8,
  rtnh_hops: u8,
  rtnh_ifindex: i32,
});

/** include/uapi/linux/neighbour.h: a neighbour, or an address that the kernel answers for. */
export const ndmsg = struct("ndmsg", 12, {
  ndm_family: u8,
  ndm_pad1: u8,
  ndm_pad2: u16,
  ndm_ifindex: i32,
  ndm_state: u16,
  ndm_flags: u8,
  ndm_type: u8,
});

/** include/uapi/linux/fib_rules.h: a rule that says which table to look a packet up in. */
export const fibRuleHdr = struct("fib_rule_hdr", 12, {
  family: u8,
  dst_len: u8,
  src_len: u8,
  tos: u8,
  table: u8,
  res1: u8,
  res2: u8,
  action: u8,
  flags: u32,
});

/** include/uapi/linux/rtnetlink.h: a queueing discipline, or a filter at one. */
export const tcmsg = struct("tcmsg", 20, {
  tcm_family: u8,
  tcm__pad1: u8,
  tcm__pad2: u16,
  tcm_ifindex: i32,
  tcm_handle: u32,
  tcm_parent: u32,
  tcm_info: u32,
});

/** include/uapi/linux/tc_act/tc_mirred.h: hands a packet, or a copy of it, to another device. */
export const tcMirred = struct("tc_mirred", 28, {
  index: u32,
  capab: u32,
  action: i32,
  refcnt: i32,
  bindcnt: i32,
  eaction: i32,
  ifindex: u32,
});

/**
 * Whether the message is of IPv4 or IPv6. A dump of all families has others too: multicast routing's, MPLS. The family is
 * the first byte of every one of these structs.
 */
export function isInternet(body: Uint8Array): boolean {
  return body[0] === AF_INET || body[0] === AF_INET6;
}

/** include/uapi/linux/fib_rules.h: the ports that a rule counts for, in host order. */
export const fibRulePortRange = struct("fib_rule_port_range", 4, {
  start: u16,
  end: u16,
});

/** include/uapi/linux/fib_rules.h: the users that a rule counts for. */
export const fibRuleUidRange = struct("fib_rule_uid_range", 8, {
  start: u32,
  end: u32,
});
