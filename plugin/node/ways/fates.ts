import {
  type Cidr,
  cidrContains,
  cidrOf,
  cidrOverlaps,
} from "../../../ip/cidr.ts";
import {
  FR_ACT_GOTO,
  FR_ACT_TO_TBL,
  type IpPrefix,
  type Route,
  type RoutingRule,
  RT_TABLE_MAIN,
  RTN_THROW,
} from "../../../native/index.ts";
import { DISCARDING_ACTIONS } from "../../reconcile/route-text.ts";
import { networkOf, type RoutingTables } from "./tables.ts";

/** Of some packets none, some or all. */
type Share = "none" | "part" | "all";

/** Whence packets come that the node routes. */
export interface Packets {
  readonly sources: readonly Cidr[];
  /** How many of them come in by a device; by "lo" come the node's own. */
  readonly comesBy: (device: string) => Share;
  /** Whether they are others', of whatever protocols and ports there are; else the node's own, of which only the addresses are known. */
  readonly arePassedOn: boolean;
}

/** Packets to one network. */
export interface NetworkTraffic extends Packets {
  readonly destination: Cidr;
}

/** What becomes of packets to a network, or to a part of it. */
export interface Fate {
  readonly network: Cidr;
  readonly rule: RoutingRule;
  /** Undefined where the rule itself throws them away. */
  readonly route?: Route;
  /** Whether it is so for all of the traffic's sources. */
  readonly isForAll: boolean;
}

/**
 * Walks the rules as fib_rules_lookup() in net/core/fib_rules.c does, for all packets of a traffic at once. Where a rule
 * asks for what is not known of them (marks that somebody sets), it is passed over: what is said here is so. So is one that
 * throws away what is of a kind, such as a port: whoever wrote that wants it.
 */
export function fatesOf(
  tables: RoutingTables,
  traffic: NetworkTraffic,
): Fate[] {
  const fates: Fate[] = [];
  let from = 0;
  for (const rule of tables.rules(traffic.destination.family)) {
    if (rule.priority < from) continue;
    const match = matchOf(rule, traffic);
    if (match === undefined) continue;
    if (rule.action === FR_ACT_GOTO && match.isForAll) from = rule.target ?? 0;
    const found = fatesBy(rule, match, tables);
    fates.push(...found.filter(({ network }) => !isSettled(network, fates)));
    if (match.isForAll && found.some(isWhole(traffic))) return fates;
  }
  return fates;
}

/** An earlier rule has decided. */
function isSettled(network: Cidr, fates: readonly Fate[]): boolean {
  return fates.some(
    (fate) => fate.isForAll && cidrContains(fate.network, network),
  );
}

function isWhole({ destination }: NetworkTraffic) {
  return ({ network }: Fate): boolean => network.text === destination.text;
}

/** Which part of a traffic a rule counts for. */
type Match = Pick<Fate, "network" | "isForAll">;

function fatesBy(
  rule: RoutingRule,
  { network, isForAll }: Match,
  tables: RoutingTables,
): Fate[] {
  if (DISCARDING_ACTIONS.has(rule.action))
    return isOfKind(rule) ? [] : [{ network, rule, isForAll }];
  if (rule.action !== FR_ACT_TO_TBL) return [];
  const { covering, inside } = tables.entries(rule.table, network);
  const counts = ({ destination }: Route): boolean =>
    destination.length > (rule.suppressedLength ?? -1);
  const [cover] = covering.filter(counts);
  const parts = firstOfEach(inside.filter(counts)).map((route) => ({
    network: networkOf(route),
    route,
  }));
  const whole = cover === undefined ? [] : [{ network, route: cover }];
  return [...parts, ...whole]
    .filter(({ route }) => route.type !== RTN_THROW || isLast(rule))
    .map((found) => ({ ...found, rule, isForAll }));
}

/** What the main table throws on finds nothing but an empty table any more. */
function isLast({ table }: RoutingRule): boolean {
  return table === RT_TABLE_MAIN;
}

/** Of several to one network the first wins. */
function firstOfEach(routes: readonly Route[]): Route[] {
  const first = new Map<string, Route>();
  for (const route of routes) {
    const key = networkOf(route).text;
    if (!first.has(key)) first.set(key, route);
  }
  return [...first.values()];
}

/** What a rule has to do with a traffic; undefined: nothing. */
function matchOf(
  rule: RoutingRule,
  traffic: NetworkTraffic,
): Match | undefined {
  if (asksForUnknown(rule, traffic)) return undefined;
  const { destination: network } = traffic;
  const to = part(rule.destination, network);
  const shares = sharesOf(rule, traffic);
  const isForNone = to === undefined || shares.includes("none");
  const isForAll = shares.every((share) => share === "all");
  if (rule.inverted === true)
    return isForAll && to === network
      ? undefined
      : { network, isForAll: isForNone };
  return isForNone ? undefined : { network: to, isForAll };
}

function asksForUnknown(
  rule: RoutingRule,
  { arePassedOn }: NetworkTraffic,
): boolean {
  return (
    rule.isNarrow === true ||
    rule.outputInterface !== undefined ||
    (!arePassedOn && isSelective(rule))
  );
}

/** By each thing that a rule asks for, but for where packets go. */
function sharesOf(
  rule: RoutingRule,
  { sources, comesBy }: NetworkTraffic,
): Share[] {
  const { source, inputInterface } = rule;
  return [
    unmarked(rule),
    byUser(rule),
    isOfKind(rule) ? "part" : "all",
    bySource(source, sources),
    inputInterface === undefined ? "all" : comesBy(inputInterface),
  ];
}

/** Whether a rule asks for more of a packet than its addresses, its device and its mark. */
export function isSelective(rule: RoutingRule): boolean {
  return rule.users !== undefined || isOfKind(rule);
}

/** Whether it counts for some kind of packets, of whatever is sent. */
export function isOfKind(rule: RoutingRule): boolean {
  const { tos, ipProtocol, sourcePorts, destinationPorts } = rule;
  return [tos, ipProtocol, sourcePorts, destinationPorts].some(
    (each) => each !== undefined,
  );
}

/** What is passed on counts as root's: ip_route_input_slow() in net/ipv4/route.c. */
function byUser({ users }: RoutingRule): Share {
  return users === undefined || users.start === 0 ? "all" : "none";
}

/** Nobody has marked a pod's packet before it is routed, as far as is known here. */
function unmarked({ mark = 0, markMask = 0xffffffff }: RoutingRule): Share {
  return (mark & markMask) >>> 0 === 0 ? "all" : "none";
}

function bySource(
  source: IpPrefix | undefined,
  sources: readonly Cidr[],
): Share {
  if (source === undefined) return "all";
  const from = cidrOf(source.address, source.length);
  if (sources.length > 0 && sources.every((each) => cidrContains(from, each)))
    return "all";
  return sources.some((each) => cidrOverlaps(from, each)) ? "part" : "none";
}

/** The part of a network that a selector takes. */
function part(selector: IpPrefix | undefined, network: Cidr): Cidr | undefined {
  if (selector === undefined) return network;
  const wanted = cidrOf(selector.address, selector.length);
  if (cidrContains(wanted, network)) return network;
  return cidrContains(network, wanted) ? wanted : undefined;
}
