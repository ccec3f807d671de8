import { AF_INET, AF_INET6, sameBytes } from "../../native/address.ts";
import type { Link } from "../../native/route/link.ts";
import type { RoutingRule, SourceRule } from "../../native/route/rule.ts";
import { readSysctls } from "../node/observe.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";
import type { Session } from "../kernel/session.ts";
import { isOurs } from "./owner.ts";
import {
  type ObservedOverlay,
  OVERLAY_ADDRESS,
  OVERLAY_NAME,
  OVERLAY_TABLE,
  reversePathFilterPath,
} from "./state.ts";

/** Reads from the kernel what it holds of the overlay; little where there is none. */
export function observeOverlay(session: Session): ObservedOverlay {
  const { route } = session;
  const rules = [AF_INET, AF_INET6].flatMap((family) =>
    route.rules(family).flatMap(ownRule),
  );
  const link = route.link(OVERLAY_NAME);
  return link === undefined || !isOurs(link)
    ? { ...NO_DEVICE, ...(link && { link }), rules }
    : { ...observeDevice(session, link), rules };
}

const NO_DEVICE = { addressed: false, neighbours: [], targets: [] };

function observeDevice(
  session: Session,
  link: Link,
): Omit<ObservedOverlay, "rules"> {
  const { route } = session;
  const filter = readSysctls(session, [reversePathFilterPath]);
  const reversePathFilter = filter.get(reversePathFilterPath);
  return {
    link,
    addressed: route
      .addresses(AF_INET)
      .some(
        ({ index, address }) =>
          index === link.index && sameBytes(address, OVERLAY_ADDRESS),
      ),
    ...(reversePathFilter === undefined ? {} : { reversePathFilter }),
    neighbours: route.neighbours(link.index),
    targets: route.forwardingEntries(link.index),
  };
}

/** Rules that lead to our table, and are ours by their protocol. */
function ownRule({
  family,
  source,
  table,
  priority,
  protocol,
}: RoutingRule): SourceRule[] {
  if (table !== OVERLAY_TABLE || source === undefined) return [];
  // Kernels before 4.17 do not know whose a rule is; the table's number then has to do.
  if (protocol !== undefined && protocol !== ROUTE_PROTOCOL) return [];
  return [{ family, source, table, priority, protocol: ROUTE_PROTOCOL }];
}
