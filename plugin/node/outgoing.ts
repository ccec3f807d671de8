import type { Cidr } from "../../ip/cidr.ts";
import { formatAddress } from "../../native/index.ts";
import { remembered } from "../kernel/remembered.ts";
import type { Session } from "../kernel/session.ts";
import type { LinkedNode } from "./linked.ts";

/** Indexes of the devices by which packets to a remote CIDR leave: that of the route to its node or router. */
export function outgoingDevices(
  { route }: Session,
  { mesh }: LinkedNode,
): (remote: Cidr) => readonly number[] {
  const deviceTo = remembered(
    (via: Uint8Array) => route.getRoute(via)?.outputInterface,
    formatAddress,
  );
  const byRemote = new Map<string, Set<number>>();
  for (const { destination, via } of mesh.routes) {
    const index = deviceTo(via);
    if (index === undefined) continue;
    const known = byRemote.get(destination.text) ?? new Set();
    byRemote.set(destination.text, known.add(index));
  }
  return ({ text }) => [...(byRemote.get(text) ?? [])];
}
