import {
  type ProxyNeighbour,
  type Route,
  sameBytes,
} from "../../native/index.ts";
import type { Operation } from "../reconcile/operation.ts";
import { ownsRoute, ROUTE_PROTOCOL } from "../owned.ts";
import { routeIdentity } from "../reconcile/identity.ts";
import { describeRoute } from "../reconcile/sentence.ts";
import { parseLabel } from "./label.ts";
import type { Pod, PodState } from "./state.ts";

/** What the host holds of one pod. */
export interface ObservedPod {
  readonly sysctls: ReadonlyMap<string, string>;
  /** Host routes to the pod's addresses, whoever made them and wherever they lead. */
  readonly routes: readonly Route[];
  /** On the pod's link, whoever made them. */
  readonly proxies: readonly ProxyNeighbour[];
  readonly alias: string | undefined;
}

/** The steps for one pod, and what stands in their way. */
export interface PodPlan {
  readonly operations: readonly Operation[];
  readonly conflicts: readonly string[];
}

/** Compares what one pod needs with what the host holds. Pure. */
export function planPod(
  pod: Pod,
  desired: PodState,
  observed: ObservedPod,
): PodPlan {
  const verdicts = desired.routes.map((route) =>
    judgeRoute(route, observed.routes),
  );
  return {
    operations: [
      ...[...desired.sysctls]
        .filter(([path, value]) => observed.sysctls.get(path) !== value)
        .map(([path, value]): Operation => ({
          object: "sysctl",
          verb: "set",
          path,
          value,
        })),
      ...verdicts.filter((verdict) => typeof verdict === "object"),
      ...proxyOperations(pod, desired, observed),
      ...labelOperations(pod, desired, observed),
    ],
    conflicts: verdicts.filter((verdict) => typeof verdict === "string"),
  };
}

/** A host route through the pod's own interface serves, whoever made it. */
function judgeRoute(
  wanted: Route,
  observed: readonly Route[],
): Operation | string | undefined {
  const others = observed.filter(
    (route) => routeIdentity(route) === routeIdentity(wanted),
  );
  if (others.some((route) => route.outputInterface === wanted.outputInterface))
    return undefined;
  const [stale] = others;
  if (stale === undefined)
    return { object: "route", verb: "add", route: wanted };
  if (ownsRoute(stale))
    return { object: "route", verb: "replace", route: wanted };
  return `another program's ${describeRoute(stale)} leads to another device than the pod's: remove it, or the pod that left it`;
}

/** Somebody else's proxy for the same address serves; ours for another one goes. */
function proxyOperations(
  { link: { index, name } }: Pod,
  desired: PodState,
  { proxies }: ObservedPod,
): Operation[] {
  const step = (verb: "add" | "delete", address: Uint8Array): Operation => ({
    object: "proxy",
    verb,
    link: { index, name },
    address,
  });
  const missing = desired.proxies.filter(
    (wanted) => !proxies.some(({ address }) => sameBytes(address, wanted)),
  );
  const stale = proxies.filter(
    ({ address, protocol }) =>
      protocol === ROUTE_PROTOCOL &&
      !desired.proxies.some((wanted) => sameBytes(address, wanted)),
  );
  return [
    ...missing.map((address) => step("add", address)),
    ...stale.map(({ address }) => step("delete", address)),
  ];
}

/** Somebody else's alias stays: the mark is a convenience, theirs may be more. */
function labelOperations(
  pod: Pod,
  desired: PodState,
  observed: ObservedPod,
): Operation[] {
  const { label } = desired;
  const free =
    observed.alias === undefined || parseLabel(observed.alias) !== undefined;
  if (label === undefined || label === observed.alias || !free) return [];
  const { index, name } = pod.link;
  return [{ object: "label", verb: "set", link: { index, name }, text: label }];
}
