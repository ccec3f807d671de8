import { AF_INET, AF_INET6, sameBytes } from "../../native/address.ts";
import type { RouteClient } from "../../native/route/client.ts";
import type { Route } from "../../native/route/route.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import type { Session } from "../kernel/session.ts";
import { desiredOverlay } from "./desired.ts";
import { observeOverlay } from "./observe.ts";
import { isOurs } from "./owner.ts";
import { type OverlayPlan, planOverlay } from "./plan.ts";
import { type DesiredOverlay, OVERLAY_TABLE } from "./state.ts";
import type { NextHop } from "./way.ts";

/** What was found out of the ways inside of a gateway-mode cluster. */
export interface ExaminedOverlay {
  readonly desired: DesiredOverlay;
  readonly plan: OverlayPlan;
  /** What is in our own routing table. */
  readonly routes: readonly Route[];
}

/** Observes the overlay and compares it with what is wanted; changes nothing. */
export function examineOverlay(
  session: Session,
  mesh: DesiredMesh | undefined,
): ExaminedOverlay {
  const { route } = session;
  const observed = observeOverlay(session);
  const { link } = observed;
  const desired = desiredOverlay(mesh, {
    ...(link && isOurs(link) ? { overlayIndex: link.index } : {}),
    nextHop: (address) => nextHopTo(route, address),
    mtuAt: (address) => mtuAt(route, address),
  });
  // Rules come before the table's routes and go after them, so without any rule there is nothing in it.
  const isTableUsed = observed.rules.length + desired.rules.length > 0;
  return {
    desired,
    plan: planOverlay(desired, observed),
    routes: isTableUsed ? tableRoutes(route) : [],
  };
}

/** How a packet to an address leaves this node; undefined where it cannot. */
export function nextHopTo(
  route: RouteClient,
  address: Uint8Array,
): NextHop | undefined {
  const found = route.getRoute(address);
  if (found?.outputInterface === undefined) return undefined;
  const { outputInterface, gateway } = found;
  return gateway === undefined
    ? { outputInterface }
    : { outputInterface, gateway };
}

function mtuAt(route: RouteClient, local: Uint8Array): number | undefined {
  const device = route
    .addresses()
    .find(({ address }) => sameBytes(address, local));
  return device && route.link(device.index)?.mtu;
}

function tableRoutes(route: RouteClient): Route[] {
  return [AF_INET, AF_INET6].flatMap((family) =>
    route.routes({ family, table: OVERLAY_TABLE }),
  );
}
