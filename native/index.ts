/** node-netlink-native: typed Linux netlink. The README shows it used. */

// Any netlink family: bytes, messages, conversations.
export * from "./address.ts";
export * from "./attribute.ts";
export { type Binding, loadBinding } from "./binding.ts";
export * from "./boot.ts";
export * from "./conversation.ts";
export * from "./error.ts";
export * from "./field.ts";
export * from "./layout.ts";
export * from "./lock.ts";
export * from "./lock-holder.ts";
export * from "./message.ts";
export { NFPROTO_INET, NFPROTO_NETDEV } from "./nfnetlink.ts";
export * from "./socket.ts";
export * from "./sysctl.ts";

// Beside netlink: what changes in folders, and sockets of this machine.
export * from "./file-watch.ts";
export * from "./local.ts";

// rtnetlink: links, addresses, routes, rules, neighbours, proxies.
export * from "./route/constants.ts";
export { ifaddrmsg, ifinfomsg } from "./route/structs.ts";
export { openRoute, type RouteClient } from "./route/client.ts";
export type {
  AssignedAddress,
  InterfaceAddress,
} from "./route/interface-address.ts";
export type { Link, LinkChange } from "./route/link.ts";
export type { Neighbour } from "./route/neighbour/neighbour.ts";
export type { ProxyNeighbour } from "./route/neighbour/proxy.ts";
export type { NextHop } from "./route/next-hop.ts";
export {
  decodeRoute,
  type Route,
  type RouteFilter,
  type RouteLookup,
} from "./route/route.ts";
export type { RoutingRule, SourceRule } from "./route/rule.ts";
export type { RouteChange } from "./route/tables.ts";
export type { XfrmSwitches } from "./route/xfrm-switches.ts";
export type {
  MirrorTarget,
  Program,
  TrafficAction,
} from "./route/traffic-control/action.ts";
export type { TrafficFilter } from "./route/traffic-control/filter.ts";
export type { Qdisc } from "./route/traffic-control/qdisc.ts";

// BPF programs at devices, which netlink does not show.
export {
  attachedPrograms,
  type AttachPoint,
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_TCX_INGRESS,
  programName,
  type RedirectingHelpers,
  redirectingHelpers,
  redirects,
} from "./bpf.ts";

// xfrm: IPsec's security associations and policies.
export * from "./xfrm/constants.ts";
export {
  xfrmUserpolicyId,
  xfrmUserpolicyInfo,
  xfrmUsersaId,
  xfrmUsersaInfo,
} from "./xfrm/structs.ts";
export {
  openXfrm,
  type Outcomes,
  type PolicyCounts,
  type XfrmClient,
} from "./xfrm/client.ts";
export { Key } from "./xfrm/key.ts";
export {
  missingAlgorithm,
  type MissingAlgorithm,
} from "./xfrm/missing-algorithm.ts";
export type * from "./xfrm/sa.ts";
export type { Mark, Mode, Selector } from "./xfrm/selector.ts";
export type * from "./xfrm/sp.ts";

// nf_tables: tables, chains, sets and rules, in transactions.
export * from "./nftables/constants.ts";
export { isStale, type Refusal } from "./nftables/batch.ts";
export {
  type TransactOptions,
  listingOnce,
  type NftablesClient,
  openNftables,
  transact,
} from "./nftables/client.ts";
export {
  addChain,
  type ChainName,
  deleteChain,
  describe,
  type Hook,
  type ObservedChain,
  type ObservedHook,
} from "./nftables/chain.ts";
export {
  addElements,
  deleteElements,
  type Element,
} from "./nftables/element.ts";
export type { Flowtable } from "./nftables/flowtable.ts";
export {
  decodeExpressions,
  type Expression,
  expressionsKey,
} from "./nftables/expression/expression.ts";
export {
  type Interval,
  intervalElements,
  intervalsOf,
  prefixElements,
  prefixInterval,
} from "./nftables/interval.ts";
export {
  addRule,
  deleteRule,
  deleteRules,
  expressionsOf,
  type ObservedRule,
  type RulePosition,
  type Rule,
} from "./nftables/rule.ts";
export {
  addSet,
  deleteSet,
  type IntervalSet,
  type ObservedSet,
  type SetField,
  type SetName,
} from "./nftables/set.ts";
export {
  addTable,
  deleteTable,
  type ObservedTable,
  type TableName,
} from "./nftables/table.ts";

// Connection tracking.
export { type ConntrackClient, openConntrack } from "./conntrack/client.ts";
export { IPS_SRC_NAT } from "./conntrack/constants.ts";
export type {
  ConntrackEntry,
  EntryFilter,
  EntryName,
} from "./conntrack/entry.ts";
export type { Icmp, Tuple } from "./conntrack/tuple.ts";
