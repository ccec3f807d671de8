import type { Cidr } from "../../ip/cidr.ts";
import { formatAddress } from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import type { LinkedNode } from "./linked.ts";

/** Indexes of the devices by which packets to a remote CIDR leave: that of the route to its node or router. */
export function outgoingDevices(
  { route }: Session,
  { mesh }: LinkedNode,
): (remote: Cidr) => readonly number[] {
  const looked = new Map<string, number | undefined>();
  const deviceTo = (via: Uint8Array): number | undefined => {
    const key = formatAddress(via);
    if (!looked.has(key)) looked.set(key, route.getRoute(via)?.outputInterface);
    return looked.get(key);
  };
  const byRemote = new Map<string, Set<number>>();
  for (const { destination, via } of mesh.routes) {
    const index = deviceTo(via);
    if (index === undefined) continue;
    const known = byRemote.get(destination.text) ?? new Set();
    byRemote.set(destination.text, known.add(index));
  }
  return ({ text }) => [...(byRemote.get(text) ?? [])];
}
