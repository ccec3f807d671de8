import type { Route } from "../native/route/route.ts";

// crosslink marks in the kernel what it owns, so that no file can be lost, or lie about it.

/** rtm_protocol of our routes; 88 is unassigned in iproute2's rt_protos. */
export const ROUTE_PROTOCOL = 88;

/** RTN_UNICAST: include/uapi/linux/rtnetlink.h. */
const UNICAST = 1;

/** Priority of policies that protect (tunnel, ESP); lower numbers win. */
export const PROTECT_PRIORITY = 17200;

/** Priority of policies that block what nothing protects. */
export const BLOCK_PRIORITY = 17299;

/** First and last reqid of SAs and templates with derived keys ("CL" in ASCII in the high half). */
export const FIRST_REQID = 0x434c0000;
export const LAST_REQID = 0x434cffff;

/** Whether a policy of this priority is ours. */
export function ownsPolicy(policy: { readonly priority: number }): boolean {
  return (
    policy.priority === PROTECT_PRIORITY || policy.priority === BLOCK_PRIORITY
  );
}

/** Whether a reqid is in the range that only crosslink uses. */
export function ownsReqid(reqid: number): boolean {
  return reqid >= FIRST_REQID && reqid <= LAST_REQID;
}

/** Whether a route is ours. */
export function ownsRoute(route: { readonly protocol: number }): boolean {
  return route.protocol === ROUTE_PROTOCOL;
}

/**
 * Whether a route is one that a pod's ADD made: to a single address, with no gateway. Any other
 * route of ours leads to a remote CIDR.
 */
export function isPodRoute(route: Route): boolean {
  const isHost =
    route.destination.length === route.destination.address.length * 8;
  return (
    ownsRoute(route) &&
    isHost &&
    route.type === UNICAST &&
    route.gateway === undefined
  );
}
