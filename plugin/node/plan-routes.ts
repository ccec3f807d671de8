import { type Route, sameBytes } from "../../native/index.ts";
import { isPodRoute, ownsRoute } from "../owned.ts";
import { diff, type Kind } from "../reconcile/diff.ts";
import { routeIdentity } from "../reconcile/identity.ts";
import type { RouteOperation } from "../reconcile/operation.ts";
import { describeRoute } from "../reconcile/sentence.ts";

/** Steps for routes toward remote CIDRs. */
export interface RoutePlan {
  readonly needed: readonly RouteOperation[];
  readonly stale: readonly RouteOperation[];
  readonly conflicts: readonly string[];
}

/** Of the main table. A pod's host route is ours too, but not the node's to remove; only what is wanted tells them apart. */
function routesBeside(desired: readonly Route[]): Kind<Route, Route> {
  const wanted = new Set(desired.map(routeIdentity));
  return {
    identity: routeIdentity,
    owns: (route) =>
      ownsRoute(route) &&
      (!isPodRoute(route) || wanted.has(routeIdentity(route))),
    equals: sameNextHop,
  };
}

/** Compares the wanted routes with those of the main table. */
export function planRoutes(
  desired: readonly Route[],
  observed: readonly Route[],
): RoutePlan {
  const { missing, changed, stale, conflicts } = diff(
    desired,
    observed,
    routesBeside(desired),
  );
  return {
    needed: [
      ...missing.map((route) => step("add", route)),
      ...changed.map(({ wanted }) => step("replace", wanted)),
    ],
    stale: stale.map((route) => step("delete", route)),
    conflicts: conflicts.map(
      ({ wanted }) =>
        `another program's route stands where crosslink needs ${describeRoute(wanted)}: remove it, or the program that set it`,
    ),
  };
}

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
