import type { ProxyNeighbour, Route } from "../../native/index.ts";
import { labelOf } from "../reconcile/kinds/label.ts";
import { proxiesOn } from "../reconcile/kinds/proxy.ts";
import { POD_ROUTES } from "../reconcile/kinds/route.ts";
import { sysctlSteps } from "../reconcile/kinds/sysctl.ts";
import type { KernelOperation } from "../reconcile/operation.ts";
import { stepsBetween } from "../reconcile/steps.ts";
import { isLabel } from "./label.ts";
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
  readonly operations: readonly KernelOperation[];
  readonly conflicts: readonly string[];
}

/** Compares what one pod needs with what the host holds. Pure. Only a proxy is ever taken away: the rest is DEL's. */
export function planPod(
  { link }: Pod,
  desired: PodState,
  observed: ObservedPod,
): PodPlan {
  const routes = stepsBetween(desired.routes, observed.routes, POD_ROUTES);
  const proxies = stepsBetween(
    desired.proxies.map((address) => ({ address })),
    observed.proxies,
    proxiesOn(link),
  );
  const label = stepsBetween(
    present(desired.label),
    present(observed.alias),
    labelOf(link, isLabel),
  );
  return {
    operations: [
      ...sysctlSteps(desired.sysctls, observed.sysctls).needed,
      ...routes.needed,
      ...proxies.needed,
      ...proxies.stale,
      ...label.needed,
    ],
    conflicts: routes.conflicts,
  };
}

function present(text: string | undefined): string[] {
  return text === undefined ? [] : [text];
}
