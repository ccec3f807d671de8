import {
  AF_INET,
  AF_INET6,
  type Link,
  type RoutingRule,
  type SourceRule,
} from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import { OWN_ALIAS, ownsRoute, ROUTE_PROTOCOL } from "../owned.ts";
import type { KernelOperation } from "../reconcile/operation.ts";

// Version 0.1.0 joined the nodes of a gateway-mode cluster by a VXLAN device, with rules and a routing table for the way back.

const DEVICE = "crosslink0";
/** What it asked the kernel for as the device's index, so that it is ours also where its process died before the alias. */
const INDEX = 0x434c0000;
const TABLE = 0x434c;

/** The steps that remove what an earlier version left on a node; none where there is nothing. The device takes along what is on it. */
export function overlayRemains({
  route,
}: Pick<Session, "route">): KernelOperation[] {
  const rules = [AF_INET, AF_INET6].flatMap((family) =>
    route.rules(family).flatMap(ownRule),
  );
  const link = route.link(DEVICE);
  if (rules.length === 0 && (link === undefined || !isOldDevice(link)))
    return [];
  const routes = [AF_INET, AF_INET6]
    .flatMap((family) => route.routes({ family, table: TABLE }))
    .filter(ownsRoute);
  return [
    ...rules.map((rule) => ({ object: "rule", verb: "delete", rule }) as const),
    ...routes.map(
      (found) => ({ object: "route", verb: "delete", route: found }) as const,
    ),
    ...(link !== undefined && isOldDevice(link)
      ? [{ object: "link", verb: "delete", link } as const]
      : []),
  ];
}

function isOldDevice({ kind, alias, index }: Link): boolean {
  return (
    kind === "vxlan" &&
    (alias === OWN_ALIAS || (alias === undefined && index === INDEX))
  );
}

/** Kernels before 4.17 do not know whose a rule is; the table's number then has to do. */
function ownRule({
  family,
  source,
  table,
  priority,
  protocol = ROUTE_PROTOCOL,
}: RoutingRule): SourceRule[] {
  if (table !== TABLE || source === undefined || protocol !== ROUTE_PROTOCOL)
    return [];
  return [{ family, source, table, priority, protocol }];
}
