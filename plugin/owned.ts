import { type Route, RTN_UNICAST } from "../native/index.ts";

// crosslink marks in the kernel what it owns, so that no file can be lost, or lie about it. This is the one home of
// those marks; it knows no kernel, so that the mesh may use it.

/** Our tables of nf_tables, in the families `ip`, `ip6` and `inet`: all that is in them is ours. */
export const OWN_TABLE = "crosslink";

/** The comment of our rules in tables of others. */
export const OWN_COMMENT = "crosslink";

/** Our chain in legacy iptables' mangle, where the kernel has no nf_tables: what a gateway's leaves get. */
export const OWN_LEAVES_CHAIN = "crosslink-leaves";

/** The first word of the alias of host interfaces that we serve. */
export const OWN_ALIAS = "crosslink";

/** What is gone with a boot, as the kernel state that it speaks of: the lock, sockets, notes. */
export const RUN_FOLDER = "/run/crosslink";

/** Where the launcher looks for the agent. */
export const AGENT_SOCKET = `${RUN_FOLDER}/agent.sock`;

/** rtm_protocol of our routes; 88 is unassigned in iproute2's rt_protos. */
export const ROUTE_PROTOCOL = 88;

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
    route.type === RTN_UNICAST &&
    route.gateway === undefined
  );
}
