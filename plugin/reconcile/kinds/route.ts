import {
  formatAddress,
  formatPrefix,
  type Route,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_UNREACHABLE,
  sameBytes,
} from "../../../native/index.ts";
import { isPodRoute, ownsRoute } from "../../owned.ts";
import type { DeviceNames } from "../device-names.ts";
import { type Handling, oneByOne } from "../handling.ts";
import { routeIdentity } from "../identity.ts";
import type { Mended } from "../steps.ts";

export interface RouteOperation {
  readonly object: "route";
  readonly verb: "add" | "replace" | "delete";
  readonly route: Route;
}

const common = {
  identity: routeIdentity,
  owns: ownsRoute,
  add: (route: Route) => step("add", route),
  change: (route: Route) => step("replace", route),
  remove: (route: Route) => step("delete", route),
};

/** Toward remote CIDRs, in the main table. A pod's host route is ours too, but not the node's to remove. */
export const ROUTES: Mended<Route, Route, RouteOperation> = {
  ...common,
  keeps: isPodRoute,
  equals: sameNextHop,
  conflict: (wanted) =>
    `another program's route stands where crosslink needs ${describeRoute(wanted)}: remove it, or the program that set it`,
};

/** To one pod's address. A host route through the pod's own interface serves, whoever made it. */
export const POD_ROUTES: Mended<Route, Route, RouteOperation> = {
  ...common,
  equals: (wanted, found) => wanted.outputInterface === found.outputInterface,
  conflict: (_, found) =>
    `another program's ${describeRoute(found)} leads to another device than the pod's: remove it, or the pod that left it`,
};

export const route: Handling<RouteOperation> = {
  words: ({ route }, names) => describeRoute(route, names),
  take: oneByOne((session, { verb, route }) => {
    const calls = {
      add: () => {
        session.route.addRoute(route);
      },
      replace: () => {
        session.route.replaceRoute(route);
      },
      delete: () => {
        session.route.deleteRoute(route);
      },
    };
    calls[verb]();
  }),
};

function step(verb: RouteOperation["verb"], route: Route): RouteOperation {
  return { object: "route", verb, route };
}

function sameNextHop(a: Route, b: Route): boolean {
  return (
    a.type === b.type &&
    (a.outputInterface === undefined ||
      a.outputInterface === b.outputInterface) &&
    (a.gateway === undefined || b.gateway === undefined
      ? a.gateway === b.gateway
      : sameBytes(a.gateway, b.gateway))
  );
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [RTN_BLACKHOLE, "blackhole "],
  [RTN_UNREACHABLE, "unreachable "],
]);

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
  return `route ${TYPES.get(route.type) ?? ""}${formatPrefix(route.destination)}${via}${device}${table}`;
}
