import type { NetlinkError } from "../../native/error.ts";
import type { RouteClient } from "../../native/route/client.ts";
import type {
  NeighbourOperation,
  OverlayOperation,
  TargetOperation,
} from "../reconcile/operation.ts";
import {
  OVERLAY_ID,
  OVERLAY_NAME,
  OVERLAY_PORT,
  type OverlayDevice,
} from "./state.ts";

/** Makes, changes or removes the VXLAN device. */
export function applyOverlay(
  route: RouteClient,
  { verb, device }: OverlayOperation,
): void {
  switch (verb) {
    case "add":
      makeDevice(route, device);
      break;
    case "replace":
      route.deleteLink(device.index);
      makeDevice(route, device);
      break;
    case "update":
      route.changeLink(device.index, { up: true, mtu: device.mtu });
      break;
    case "delete":
      route.deleteLink(device.index);
  }
}

/**
 * Changes entries of the device's tables, in one conversation: a gateway has as many as its cluster has nodes.
 *
 * @returns one result a step, in order
 */
export function applyEntries(
  route: RouteClient,
  steps: readonly (NeighbourOperation | TargetOperation)[],
): (NetlinkError | undefined)[] {
  const neighbours = steps.filter((step) => step.object === "neighbour");
  const targets = steps.filter((step) => step.object === "target");
  return [
    ...route.changeNeighbours(
      neighbours.map(({ verb, neighbour }) => ({
        kind: kindOf(verb),
        neighbour,
      })),
    ),
    ...route.changeForwardingEntries(
      targets.map(({ verb, entry }) => ({ kind: kindOf(verb), entry })),
    ),
  ];
}

/** Whoever added the entry in the meantime, ours is the right one. */
function kindOf(verb: "add" | "replace" | "delete"): "replace" | "delete" {
  return verb === "delete" ? "delete" : "replace";
}

function makeDevice(route: RouteClient, device: OverlayDevice): void {
  const { index, local, hardwareAddress, mtu } = device;
  route.addVxlan({
    name: OVERLAY_NAME,
    index,
    id: OVERLAY_ID,
    local,
    port: OVERLAY_PORT,
    learning: false,
    address: hardwareAddress,
    mtu,
    up: true,
  });
}
