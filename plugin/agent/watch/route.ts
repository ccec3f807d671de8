import {
  decode,
  decodeAttributes,
  decodeRoute,
  i32,
  ifaddrmsg,
  ifinfomsg,
  type Message,
  type Route,
  RT_TABLE_MAIN,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from "../../../native/index.ts";
import { isPodRoute, ownsRoute } from "../../owned.ts";
import type { Effect } from "./effect.ts";

/**
 * RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE,
 * RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF: include/uapi/linux/rtnetlink.h.
 */
export const ROUTE_GROUPS = [1, 5, 7, 9, 11, 24, 25];

/** The indexes of devices whose changes concern the node, and not just one pod. */
export type NodeLinks = ReadonlySet<number>;

/**
 * What an rtnetlink notification means. Pods come and go all the time: what concerns only one pod's
 * device or address is "nothing".
 */
export function judgeRoute(message: Message, links: NodeLinks): Effect {
  const { type, body } = message;
  switch (type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return judgeRouteChange(type, decodeRoute(body));
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return judgeLink(decode(ifinfomsg, body).ifi_index, links);
    case RTM.newAddress:
    case RTM.deleteAddress:
      return judgeLink(decode(ifaddrmsg, body).ifa_index, links);
    case RTM.newNetconf:
      return stopsForwarding(body) ? "harm" : "nothing";
    default:
      return "nothing";
  }
}

/**
 * Devices that carry more than single pods: those of routes to networks. When such a device goes
 * down, the kernel drops IPv4 routes without telling (fib_sync_down_dev() in net/ipv4/fib_semantics.c).
 */
export function nodeLinks(routes: readonly Route[]): NodeLinks {
  return new Set(
    routes
      .filter((route) => !concernsOnePod(route))
      .flatMap(({ outputInterface, nextHops = [] }) => [
        outputInterface,
        ...nextHops.map((hop) => hop.outputInterface),
      ])
      .filter((index) => index !== undefined),
  );
}

/** Types of messages that are only listened for: include/uapi/linux/rtnetlink.h. */
const RTM = {
  newAddress: 20,
  deleteAddress: 21,
  newNetconf: 80,
} as const;

// include/uapi/linux/netconf.h
const NETCONFA_IFINDEX = 1;
const NETCONFA_FORWARDING = 2;
const NETCONFA_IFINDEX_ALL = -1;

/** `struct netconfmsg` is one byte, the family; attributes begin at the next multiple of four. */
const NETCONF_HEADER_BYTES = 4;

function judgeLink(index: number, links: NodeLinks): Effect {
  return links.has(index) ? "change" : "nothing";
}

function judgeRouteChange(type: number, route: Route): Effect {
  if (route.table !== RT_TABLE_MAIN) return "nothing";
  if (type === RTM_DELROUTE && ownsRoute(route) && !isPodRoute(route))
    return "harm";
  return concernsOnePod(route) ? "nothing" : "change";
}

/** A way to one address, or on one link; multicast, broadcast and the like are no ways to pods. */
function concernsOnePod({ destination, type, gateway }: Route): boolean {
  const { address, length } = destination;
  const isHost = length === address.length * 8 && gateway === undefined;
  if (type === RTN_UNICAST) return isHost || isOfOneLink(address);
  return !NO_WAYS.has(type);
}

/** What leads to nowhere tells of pods too: calico's blocks are blackholes. */
const NO_WAYS: ReadonlySet<number> = new Set([
  RTN_BLACKHOLE,
  RTN_UNREACHABLE,
  RTN_PROHIBIT,
]);

/** fe80::/10 and ff00::/8, which every device has. */
function isOfOneLink(address: Uint8Array): boolean {
  const [first = 0, second = 0] = address;
  if (address.length !== 16) return false;
  return first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80);
}

/** Whether forwarding was switched off for all devices. */
function stopsForwarding(body: Uint8Array): boolean {
  const attributes = decodeAttributes(body.subarray(NETCONF_HEADER_BYTES));
  const read = (type: number): number | undefined => {
    const value = attributes.get(type);
    return value === undefined ? undefined : decode(i32, value);
  };
  return (
    read(NETCONFA_IFINDEX) === NETCONFA_IFINDEX_ALL &&
    read(NETCONFA_FORWARDING) === 0
  );
}
