import {
  AF_INET6,
  type ProxyNeighbour,
  type Route,
  sameBytes,
} from "../../native/index.ts";
import { readSysctls } from "../node/observe.ts";
import type { Session } from "../kernel/session.ts";
import type { ObservedPod } from "./plan.ts";
import type { Pod, PodState } from "./state.ts";

/** Reads what the host holds of one pod; asks for just that pod's addresses. */
export function observePod(
  session: Session,
  pod: Pod,
  desired: PodState,
): ObservedPod {
  return {
    sysctls: readSysctls(session, desired.sysctls.keys()),
    routes: desired.routes
      .map(({ destination }) => hostRouteTo(session, destination.address))
      .filter((route) => route !== undefined),
    proxies: pod.addresses.some(isIpv6) ? proxiesOn(session, pod) : [],
    alias: pod.link.alias,
  };
}

function isIpv6(address: Uint8Array): boolean {
  return address.length === 16;
}

function proxiesOn({ route }: Session, { link }: Pod): ProxyNeighbour[] {
  return route
    .proxyNeighbours(AF_INET6)
    .filter(({ index }) => index === link.index);
}

/** The FIB entry that leads to just this address, if there is one. */
function hostRouteTo(
  { route }: Session,
  address: Uint8Array,
): Route | undefined {
  const found = route.getRoute(address, { fibMatch: true });
  if (found === undefined) return undefined;
  const { destination } = found;
  const isHost =
    destination.length === address.length * 8 &&
    sameBytes(destination.address, address);
  return isHost ? found : undefined;
}
