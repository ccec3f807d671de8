import {
  formatAddress,
  formatPrefix,
  type Route,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_UNREACHABLE,
  type SecurityAssociation,
  type SecurityPolicy,
  type SourceRule,
} from "../../native/index.ts";
import type { DeviceNames } from "./device-names.ts";
import type { Operation } from "./operation.ts";

const ROUTE_TYPES: ReadonlyMap<number, string> = new Map([
  [RTN_BLACKHOLE, "blackhole "],
  [RTN_UNREACHABLE, "unreachable "],
]);

/** The object of a step in an admin's words, without any key. */
export function describeOperation(
  operation: Operation,
  names?: DeviceNames,
): string {
  switch (operation.object) {
    case "policy":
      return describePolicy(operation.policy);
    case "association":
      return describeAssociation(operation.association);
    case "route":
      return describeRoute(operation.route, names);
    case "sysctl":
      return `sysctl ${operation.path.replaceAll("/", ".")}=${operation.value}`;
    case "label":
      return `alias of ${operation.link.name} "${operation.text}"`;
    case "proxy":
      return `proxy neighbour ${formatAddress(operation.address)} on ${operation.link.name}`;
    case "rule":
      return describeRule(operation.rule);
    case "link":
      return `device ${operation.link.name}`;
  }
}

/** A rule in the words of `ip rule`. */
function describeRule({ source, table, priority }: SourceRule): string {
  return `rule ${String(priority)} from ${formatPrefix(source)} lookup ${String(table)}`;
}

/** A policy in the words of `ip xfrm policy`. */
export function describePolicy(policy: SecurityPolicy): string {
  const { source, destination } = policy.selector;
  const head = `policy ${policy.direction} ${formatPrefix(source)} -> ${formatPrefix(destination)}`;
  const [template] = policy.templates;
  if (policy.action === "block") return `${head} block`;
  if (template === undefined) return `${head} allow`;
  return `${head} ${template.mode} ${formatAddress(template.source)} -> ${formatAddress(template.destination)} reqid ${hex(template.reqid)}`;
}

/** An SA in the words of `ip xfrm state`. */
export function describeAssociation(
  sa: Pick<SecurityAssociation, "source" | "destination" | "spi" | "reqid">,
): string {
  return `SA ${formatAddress(sa.source)} -> ${formatAddress(sa.destination)} spi ${hex(sa.spi)} reqid ${hex(sa.reqid)}`;
}

/** A route in the words of `ip route`; without its device where nobody knows what that is called. */
export function describeRoute(route: Route, names?: DeviceNames): string {
  const via =
    route.gateway === undefined ? "" : ` via ${formatAddress(route.gateway)}`;
  const name =
    route.outputInterface === undefined
      ? undefined
      : names?.(route.outputInterface);
  const device = name === undefined ? "" : ` dev ${name}`;
  const table =
    route.table === RT_TABLE_MAIN ? "" : ` table ${String(route.table)}`;
  return `route ${ROUTE_TYPES.get(route.type) ?? ""}${formatPrefix(route.destination)}${via}${device}${table}`;
}

/** An SPI or a reqid as `ip xfrm` prints SPIs: 0x and eight digits. */
export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/** A step with its verb: "add policy out …". */
export function describeStep(
  operation: Operation,
  names?: DeviceNames,
): string {
  return `${operation.verb} ${describeOperation(operation, names)}`;
}
