import { type Cidr, cidrOf } from "../../../ip/cidr.ts";
import { coveringIndex } from "../../../ip/search.ts";
import {
  AF_INET,
  AF_INET6,
  type Route,
  type RouteClient,
  type RoutingRule,
} from "../../../native/index.ts";
import { remembered } from "../../kernel/remembered.ts";
import { ownsRoute } from "../../owned.ts";

/** What the kernel's tables say of a network. */
interface TableEntries {
  /** Those that lead to all of it, the first of them wins. */
  readonly covering: readonly Route[];
  /** Those of others that lead to a part of it. */
  readonly inside: readonly Route[];
}

/** Policy routing, as far as somebody asks for it. */
export interface RoutingTables {
  /** In the order in which the kernel asks them. */
  readonly rules: (family: 4 | 6) => readonly RoutingRule[];
  readonly entries: (table: number, network: Cidr) => TableEntries;
}

/** Reads each table once, and only where a rule leads to it. `targets` are the networks whose parts matter. */
export function routingTables(
  route: Pick<RouteClient, "rules" | "routes">,
  targets: readonly Cidr[],
): RoutingTables {
  const parts = coveringIndex(targets, (cidr) => cidr);
  const rules = remembered((family: 4 | 6) => route.rules(numberOf(family)));
  const tableOf = remembered(
    ({ table, family }: TableId) =>
      indexed(route.routes({ family: numberOf(family), table }), parts),
    ({ table, family }) => `${String(table)} ${String(family)}`,
  );
  return {
    rules,
    entries: (table, network) => {
      const known = tableOf({ table, family: network.family });
      return {
        covering: known.covering(network),
        inside: known.inside.get(network.text) ?? [],
      };
    },
  };
}

interface TableId {
  readonly table: number;
  readonly family: 4 | 6;
}

interface Table {
  readonly covering: (network: Cidr) => Route[];
  readonly inside: ReadonlyMap<string, readonly Route[]>;
}

function indexed(
  routes: readonly Route[],
  partsOf: (network: Cidr) => Cidr[],
): Table {
  const entries = routes
    .toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
    .map((route) => ({ network: networkOf(route), route }));
  const inside = new Map<string, Route[]>();
  for (const { network, route } of entries) {
    if (ownsRoute(route)) continue;
    for (const { prefix, text } of partsOf(network))
      if (prefix < network.prefix)
        inside.set(text, [...(inside.get(text) ?? []), route]);
  }
  // Of two to one network the better comes last, as the narrower of two does.
  const covering = coveringIndex(
    entries.toReversed(),
    ({ network }) => network,
  );
  return {
    covering: (network) =>
      covering(network)
        .map(({ route }) => route)
        .reverse(),
    inside,
  };
}

/** Where a route leads to. */
export function networkOf({ destination }: Route): Cidr {
  return cidrOf(destination.address, destination.length);
}

function numberOf(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}
