import {
  AF_INET6,
  familyOf,
  formatAddress,
  FR_ACT_BLACKHOLE,
  FR_ACT_PROHIBIT,
  FR_ACT_TO_TBL,
  FR_ACT_UNREACHABLE,
  type IpPrefix,
  type Route,
  type RoutingRule,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_THROW,
  RTN_UNREACHABLE,
} from "../../native/index.ts";
import type { DeviceNames } from "./device-names.ts";

/** What throws packets away, or on to a next rule, as `ip route` calls it. */
export const DISCARDS: ReadonlyMap<number, string> = new Map([
  [RTN_BLACKHOLE, "blackhole"],
  [RTN_UNREACHABLE, "unreachable"],
  [RTN_PROHIBIT, "prohibit"],
  [RTN_THROW, "throw"],
]);

/** The actions of rules that do, as `ip rule` calls them. */
export const DISCARDING_ACTIONS: ReadonlyMap<number, string> = new Map([
  [FR_ACT_BLACKHOLE, "blackhole"],
  [FR_ACT_UNREACHABLE, "unreachable"],
  [FR_ACT_PROHIBIT, "prohibit"],
]);

/** A route as `ip route` prints it, with all that `ip route del` needs to find it. */
export function routeText(route: Route, names: DeviceNames): string {
  const { destination, type, priority = 0, table } = route;
  const { nextHops = [route] } = route;
  const [first] = nextHops;
  const ways =
    nextHops.length === 1 && first !== undefined
      ? [wayText(first, names)]
      : nextHops.map((hop) => ` nexthop${wayText(hop, names)}`);
  return [
    `${DISCARDS.has(type) ? `${String(DISCARDS.get(type))} ` : ""}${prefixText(destination)}`,
    ...(DISCARDS.has(type) ? [] : ways),
    priority === 0 ? "" : ` metric ${String(priority)}`,
    table === RT_TABLE_MAIN ? "" : ` table ${String(table)}`,
  ].join("");
}

/** Takes a route of others away. */
export function routeDeletion(route: Route, names: DeviceNames): string {
  return `${ipOf(familyOf(route.destination.address))} route del ${routeText(route, names)}`;
}

/** A rule as `ip rule` prints it. */
export function ruleText(rule: RoutingRule): string {
  const { priority, source, destination, inputInterface } = rule;
  return [
    `${String(priority)}:${rule.inverted === true ? " not" : ""} from ${source === undefined ? "all" : prefixText(source)}`,
    destination === undefined ? "" : ` to ${prefixText(destination)}`,
    rule.tos === undefined ? "" : ` tos 0x${rule.tos.toString(16)}`,
    markText(rule),
    inputInterface === undefined ? "" : ` iif ${inputInterface}`,
    kindText(rule),
    rule.action === FR_ACT_TO_TBL
      ? ` lookup ${tableName(rule.table)}`
      : ` ${DISCARDING_ACTIONS.get(rule.action) ?? ""}`,
  ].join("");
}

function kindText({
  users,
  ipProtocol,
  sourcePorts,
  destinationPorts,
}: RoutingRule): string {
  return [
    users === undefined
      ? ""
      : ` uidrange ${String(users.start)}-${String(users.end)}`,
    ipProtocol === undefined
      ? ""
      : ` ipproto ${PROTOCOLS.get(ipProtocol) ?? String(ipProtocol)}`,
    portsText("sport", sourcePorts),
    portsText("dport", destinationPorts),
  ].join("");
}

function portsText(
  word: string,
  ports: RoutingRule["destinationPorts"],
): string {
  if (ports === undefined) return "";
  const { start, end } = ports;
  return ` ${word} ${start === end ? String(start) : `${String(start)}-${String(end)}`}`;
}

/** Those of /etc/protocols that rules are made for; `ip` takes the others' numbers. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [50, "esp"],
  [58, "ipv6-icmp"],
  [132, "sctp"],
]);

function markText({ mark, markMask }: RoutingRule): string {
  if (mark === undefined && markMask === undefined) return "";
  const [value, mask] = [mark ?? 0, markMask ?? 0xffffffff].map((number) =>
    number.toString(16),
  );
  return ` fwmark 0x${String(value)}${mask === "ffffffff" ? "" : `/0x${String(mask)}`}`;
}

/** Takes a rule of others away. */
export function ruleDeletion(rule: RoutingRule): string {
  const words = ruleText(rule).replace(/^\d+:/, "");
  return `${ipOf(rule.family)} rule del${words} priority ${String(rule.priority)}`;
}

function wayText(
  { gateway, outputInterface }: Pick<Route, "gateway" | "outputInterface">,
  names: DeviceNames,
): string {
  const name =
    outputInterface === undefined ? undefined : names(outputInterface);
  return `${gateway === undefined ? "" : ` via ${formatAddress(gateway)}`}${name === undefined ? "" : ` dev ${name}`}`;
}

function prefixText({ address, length }: IpPrefix): string {
  if (length === 0) return "default";
  const text = formatAddress(address);
  return length === address.length * 8 ? text : `${text}/${String(length)}`;
}

function tableName(table: number): string {
  return TABLES.get(table) ?? String(table);
}

/** /etc/iproute2/rt_tables, as far as the kernel gives them a meaning. */
const TABLES: ReadonlyMap<number, string> = new Map([
  [253, "default"],
  [RT_TABLE_MAIN, "main"],
  [255, "local"],
]);

function ipOf(family: number): string {
  return family === AF_INET6 ? "ip -6" : "ip";
}
