import type { Cidr } from "../../../ip/cidr.ts";
import {
  formatAddress,
  type Route,
  type RouteClient,
  type RoutingRule,
  RT_TABLE_MAIN,
  RTN_UNICAST,
  sameBytes,
} from "../../../native/index.ts";
import { remembered } from "../../kernel/remembered.ts";
import { ownsRoute } from "../../owned.ts";
import type { DeviceNames } from "../../reconcile/device-names.ts";
import {
  DISCARDS,
  routeDeletion,
  routeText,
  ruleDeletion,
  ruleText,
} from "../../reconcile/route-text.ts";
import {
  type Fate,
  fatesOf,
  isOfKind,
  isSelective,
  type Packets,
} from "./fates.ts";
import { hasCarrier, type Links, namesOf } from "./devices.ts";
import type { Trouble } from "./repeated.ts";
import type { RoutingTables } from "./tables.ts";
import type { Target } from "./targets.ts";

/** How pods' packets are looked at. */
export interface NetworksLook {
  readonly route: RouteClient;
  readonly tables: RoutingTables;
  readonly links: Links;
  readonly packets: (family: 4 | 6) => Packets;
}

/** Remote networks, or parts of them, that a route or rule of others throws away or, of plain ones, leads past their router. */
export function lostNetworks(
  targets: readonly Target[],
  { route, tables, links, packets }: NetworksLook,
): Trouble[] {
  const names = namesOf(links);
  const gatewayTo = remembered(
    (router: Uint8Array) => route.getRoute(router)?.gateway,
    formatAddress,
  );
  return targets.flatMap((target) => {
    const { destination } = target;
    const traffic = { ...packets(destination.family), destination };
    const fates = fatesOf(tables, traffic);
    const troubles = fates.flatMap((fate) =>
      troubleOf(fate, { target, names, links, gatewayTo }),
    );
    return [...troubles, ...unled(target, fates)];
  });
}

/** A plain network that no route of ours leads to: one of others has to. */
function unled({ destination, cluster, unled }: Target, fates: Fate[]) {
  const isLed = fates.some(
    ({ network, route, rule }) =>
      network.text === destination.text &&
      route !== undefined &&
      !isOfKind(rule) &&
      !ownsRoute(route) &&
      (unled?.byDefault === true ||
        rule.table !== RT_TABLE_MAIN ||
        route.destination.length > 0),
  );
  if (unled === undefined || isLed) return [];
  return [
    {
      kind: `${cluster} ${unled.why}`,
      sentence: `There is no way to ${destination.text} of "${cluster}": ${unled.why}; ${unled.remedy}`,
    },
  ];
}

/** What comes back, or comes first from there: rules that throw it away. Routes to pods are the base plugin's matter. */
export function lostPods(
  locals: readonly Cidr[],
  { tables, packets }: Pick<NetworksLook, "tables" | "packets">,
): Trouble[] {
  return locals.flatMap((destination) =>
    fatesOf(tables, { ...packets(destination.family), destination })
      .filter(({ route }) => route === undefined)
      .map(({ rule, network }) => ({
        kind: ruleText(rule),
        sentence: `Packets from other clusters to ${network.text}, this node's pods, end at this node's rule "${ruleText(rule)}": remove it, \`${ruleDeletion(rule)}\``,
      })),
  );
}

interface Surroundings {
  readonly target: Target;
  readonly names: DeviceNames;
  readonly links: Links;
  /** The next hop to a router that is not on a link of this node. */
  readonly gatewayTo: (router: Uint8Array) => Uint8Array | undefined;
}

function troubleOf(fate: Fate, around: Surroundings): Trouble[] {
  const { route, rule } = fate;
  if (route === undefined) {
    const text = `rule "${ruleText(rule)}"`;
    return [ended(fate, around.target, [text, ruleDeletion(rule)])];
  }
  if (ownsRoute(route) || willBeBetter(fate, around.target)) return [];
  const type = DISCARDS.get(route.type);
  if (type !== undefined) {
    const text = `${type} route "${routeText(route, around.names)}"`;
    return isSelective(rule)
      ? [ended(fate, around.target, [text + by(rule), ruleDeletion(rule)])]
      : [
          ended(fate, around.target, [
            text,
            routeDeletion(route, around.names),
          ]),
        ];
  }
  if (route.type !== RTN_UNICAST || around.target.router === undefined)
    return [];
  return isAside(route, around)
    ? [aside(route, fate, around)]
    : overDown(route, fate, around);
}

function overDown(
  found: Route,
  { network, rule }: Fate,
  { target: { cluster }, names, links }: Surroundings,
): Trouble[] {
  const device = links(found.outputInterface ?? 0);
  if (device === undefined || hasCarrier(device)) return [];
  const text = routeText(found, names);
  return [
    {
      kind: text,
      sentence: `${network.text} of "${cluster}" goes by the route "${text}"${isSelective(rule) ? by(rule) : ""}, and ${device.name} is down or has no carrier: see \`ip link show ${device.name}\`, or \`${routeDeletion(found, names)}\``,
    },
  ];
}

/** Of the main table a wider route that throws away, or a default one past the router, gives way to one of ours. */
function willBeBetter({ route, network }: Fate, { router }: Target): boolean {
  if (route?.table !== RT_TABLE_MAIN) return false;
  const { length } = route.destination;
  return DISCARDS.has(route.type)
    ? length < network.prefix
    : length === 0 && router !== undefined;
}

function ended(
  { network, rule, isForAll }: Fate,
  { destination, cluster }: Target,
  [what, deletion]: readonly [string, string],
): Trouble {
  const where =
    network.text === destination.text
      ? `${network.text} of "${cluster}"`
      : `${network.text}, in ${destination.text} of "${cluster}",`;
  const some = isOfKind(rule) ? "Some packets" : "Some pods' packets";
  const who = isForAll ? "Packets" : some;
  return {
    kind: what,
    sentence: `${who} to ${where} end at this node's ${what}: remove it, \`${deletion}\``,
  };
}

/** Neither by the router itself, nor by the one that leads to it. */
function isAside(
  found: Route,
  { target: { router }, gatewayTo }: Surroundings,
): boolean {
  if (router === undefined) return false;
  const wanted = [router, gatewayTo(router)];
  return !gatewaysOf(found).some((gateway) =>
    wanted.some((each) => each !== undefined && sameBytes(each, gateway)),
  );
}

function gatewaysOf({ gateway, nextHops }: Route): Uint8Array[] {
  const hops = nextHops?.map((hop) => hop.gateway) ?? [gateway];
  return hops.filter((hop) => hop !== undefined);
}

function by(rule: RoutingRule): string {
  return `, by the rule "${ruleText(rule)}"`;
}

function aside(
  found: Route,
  { network, rule, isForAll }: Fate,
  { target, names }: Surroundings,
): Trouble {
  const { destination, cluster, router = new Uint8Array(4) } = target;
  const device =
    (found.outputInterface && names(found.outputInterface)) ??
    "several devices";
  const part =
    network.text === destination.text ? "" : `, in ${destination.text}`;
  const some = isForAll
    ? ""
    : ` for some ${isOfKind(rule) ? "packets" : "pods"}`;
  const text = routeText(found, names);
  const why = rule.table === RT_TABLE_MAIN ? "" : by(rule);
  const remedy =
    rule.table === RT_TABLE_MAIN
      ? `remove that route, \`${routeDeletion(found, names)}\`, or give one of the two other addresses`
      : `remove that rule, \`${ruleDeletion(rule)}\`, or have it leave out ${destination.text}`;
  return {
    kind: text,
    sentence: `${network.text}${part} of "${cluster}" goes over ${device}${some} by the route "${text}"${why}, not to its router ${formatAddress(router)}: ${remedy}`,
  };
}
