import { type Cidr, cidrOf } from "../../../ip/cidr.ts";
import { coveringIndex } from "../../../ip/search.ts";
import {
  AF_INET,
  AF_INET6,
  type Route,
  type RouteClient,
  type RoutingRule,
} from "../../../native/index.ts";
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
  const tables = new Map<string, Table>();
  return {
    rules,
    entries: (table, network) => {
      const key = `${String(table)} ${String(network.family)}`;
      const known =
        tables.get(key) ??
        indexed(
          route.routes({ family: numberOf(network.family), table }),
          parts,
        );
      tables.set(key, known);
      return {
        covering: known.covering(network),
        inside: known.inside.get(network.text) ?? [],
      };
    },
  };
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

function remembered<Key, Value>(look: (key: Key) => Value) {
  const known = new Map<Key, Value>();
  return (key: Key): Value => {
    const value = known.get(key) ?? look(key);
    known.set(key, value);
    return value;
  };
}
