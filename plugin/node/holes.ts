import { cidrContains, cidrOf } from "../../ip/cidr.ts";
import {
  AF_INET,
  AF_INET6,
  formatPrefix,
  type Route,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNREACHABLE,
} from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import { ownsRoute } from "../owned.ts";
import type { LinkedNode } from "./linked.ts";

/** Part of a remote network that a route of others throws away, whatever leads to the rest of it. One sentence each. */
export function holesInRemotes(
  { route }: Session,
  { mesh }: LinkedNode,
): string[] {
  const holes = [AF_INET, AF_INET6]
    .flatMap((family) => route.routes({ family, table: RT_TABLE_MAIN }))
    .filter((each) => DISCARDS.has(each.type) && !ownsRoute(each));
  return holes.flatMap((hole) => {
    const remote = mesh.routes.find(({ destination }) =>
      cidrContains(destination, networkOf(hole)),
    );
    if (remote === undefined) return [];
    const { destination, cluster } = remote;
    return [
      `Packets to ${formatPrefix(hole.destination)}, in ${destination.text} of "${cluster}", end at this node's ${String(DISCARDS.get(hole.type))} route: remove that route`,
    ];
  });
}

/** As `ip route` calls them. */
const DISCARDS: ReadonlyMap<number, string> = new Map([
  [RTN_BLACKHOLE, "blackhole"],
  [RTN_UNREACHABLE, "unreachable"],
  [RTN_PROHIBIT, "prohibit"],
]);

function networkOf({ destination }: Route) {
  return cidrOf(destination.address, destination.length);
}
