import { sameBytes } from "../../native/address.ts";
import type { Route } from "../../native/route/route.ts";
import { isPodRoute, ownsRoute } from "../owned.ts";
import { routeIdentity } from "../reconcile/identity.ts";
import type { RouteOperation } from "../reconcile/operation.ts";
import { describeRoute } from "../reconcile/sentence.ts";

/** Steps for routes toward remote CIDRs. */
export interface RoutePlan {
  readonly needed: readonly RouteOperation[];
  readonly stale: readonly RouteOperation[];
  readonly conflicts: readonly string[];
}

/** Compares the wanted routes with those of the main table. Pods' own host routes are not here. */
export function planRoutes(
  desired: readonly Route[],
  observed: readonly Route[],
): RoutePlan {
  const present = new Map(
    observed.map((route) => [routeIdentity(route), route]),
  );
  const verdicts = desired.map((route) =>
    judge(route, present.get(routeIdentity(route))),
  );
  const wanted = new Set(desired.map(routeIdentity));
  const stale = observed.filter(
    (route) =>
      ownsRoute(route) &&
      !isPodRoute(route) &&
      !wanted.has(routeIdentity(route)),
  );
  return {
    needed: verdicts.filter((verdict) => typeof verdict === "object"),
    stale: stale.map((route) => ({ object: "route", verb: "delete", route })),
    conflicts: verdicts.filter((verdict) => typeof verdict === "string"),
  };
}

function judge(
  wanted: Route,
  observed: Route | undefined,
): RouteOperation | string | undefined {
  if (observed === undefined)
    return { object: "route", verb: "add", route: wanted };
  if (sameNextHop(wanted, observed)) return undefined;
  if (ownsRoute(observed))
    return { object: "route", verb: "replace", route: wanted };
  return `another program's route stands where crosslink needs ${describeRoute(wanted)}: remove it, or the program that set it`;
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
