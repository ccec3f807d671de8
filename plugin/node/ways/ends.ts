import { type Cidr, cidrOf } from "../../../ip/cidr.ts";
import {
  formatAddress,
  type Neighbour,
  NUD_FAILED,
  type Route,
  type RouteClient,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_UNICAST,
  sameBytes,
} from "../../../native/index.ts";
import type { DesiredMesh, RemoteRoute } from "../../mesh/state.ts";
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
  isSelective,
  type NetworkTraffic,
} from "./fates.ts";
import { hasCarrier, type Links, namesOf } from "./devices.ts";
import type { Trouble } from "./repeated.ts";
import type { RoutingTables } from "./tables.ts";

/** How the ends of tunnels, and the routers of plain networks, are looked at. */
export interface EndsLook {
  readonly route: RouteClient;
  readonly tables: RoutingTables;
  readonly links: Links;
  /** Of both families; none where nobody is to be asked. */
  readonly neighbours: readonly Neighbour[];
}

/**
 * Peers' addresses and routers of plain networks that packets of this node have no way to: no route, one that throws them
 * away, a device that is down, a next hop that does not answer. By the address of the end.
 */
export function lostEnds(
  { routes, peers }: Pick<DesiredMesh, "routes" | "peers">,
  look: EndsLook,
): Map<string, Trouble> {
  const locals = new Map(
    peers.map(({ remote, local }) => [formatAddress(remote), local]),
  );
  const ends = new Map<string, End>();
  for (const remote of routes) {
    const address = formatAddress(remote.via);
    if (!ends.has(address))
      ends.set(address, { remote, address, local: locals.get(address) });
  }
  const found = look.route.getRoutes(
    [...ends.values()].map(({ remote }) => remote.via),
  );
  const lost = new Map<string, Trouble>();
  for (const [index, end] of [...ends.values()].entries()) {
    const trouble =
      thrownAway(end, found[index], look) ??
      unreachable(end, found[index], look);
    if (trouble !== undefined)
      lost.set(end.address, {
        ...trouble,
        kind: `${end.remote.cluster} ${trouble.kind}`,
      });
  }
  return lost;
}

interface End {
  readonly remote: RemoteRoute;
  readonly address: string;
  /** This node's end of the tunnel. */
  readonly local: Uint8Array | undefined;
}

function unreachable(
  end: End,
  found: Route | undefined,
  { links, neighbours }: EndsLook,
): Trouble | undefined {
  const { remote, address } = end;
  const device = links(found?.outputInterface ?? 0);
  const so = `so ${remote.destination.text} cannot be reached`;
  if (found === undefined || device === undefined)
    return {
      kind: "no route",
      sentence: `No route leads to ${words(end)}, ${so}: \`ip route get ${address}\` says why`,
    };
  const { name, index } = device;
  if (found.type !== RTN_UNICAST)
    return {
      kind: "no router",
      sentence: `${capitalized(words(end))} is ${OWN.get(found.type) ?? "no host's address"}, ${so}: put the address of another host into "ips" in the file of "${remote.cluster}"`,
    };
  if (!hasCarrier(device))
    return {
      kind: `down ${name}`,
      sentence: `The route to ${words(end)} leads over ${name}, which is down or has no carrier, ${so}: see \`ip link show ${name}\``,
    };
  const hop = found.gateway ?? remote.via;
  if (!hasFailed(hop, index, neighbours)) return undefined;
  const who = formatAddress(hop);
  return {
    kind: `silent ${who}`,
    sentence: `Nobody answers for ${who} on ${name}, by which packets go to ${words(end)}, ${so}: see whether it is up, and \`ip neigh show ${who} dev ${name}\``,
  };
}

/** A route or rule that takes what this node itself sends to an end. */
function thrownAway(
  end: End,
  found: Route | undefined,
  { links, tables }: EndsLook,
): Trouble | undefined {
  if (isLed(end, found, tables)) return undefined;
  const discard = discardOf(end.remote.via, end.local, tables);
  if (discard === undefined) return undefined;
  const { rule, route } = discard;
  const names = namesOf(links);
  const [text, deletion] =
    route === undefined
      ? [`rule "${ruleText(rule)}"`, ruleDeletion(rule)]
      : [`route "${routeText(route, names)}"`, routeDeletion(route, names)];
  return {
    kind: text,
    sentence: `This node's ${text} throws away what goes to ${words(end)}, so ${end.remote.destination.text} cannot be reached: remove it, \`${deletion}\``,
  };
}

/**
 * Whether the kernel's way to an end is that of all that this node sends there: the kernel was asked for packets of no source
 * yet, and as root.
 */
function isLed(
  { remote: { via } }: End,
  found: Route | undefined,
  tables: RoutingTables,
): boolean {
  const rules = tables.rules(via.length === 4 ? 4 : 6);
  return (
    found?.type === RTN_UNICAST &&
    rules.every(
      (rule) =>
        rule.source === undefined && !rule.isNarrow && !isSelective(rule),
    )
  );
}

/** The route or rule that takes what this node itself sends to an end. */
function discardOf(
  via: Uint8Array,
  local: Uint8Array | undefined,
  tables: RoutingTables,
): Fate | undefined {
  const host = (bytes: Uint8Array): Cidr => cidrOf(bytes, bytes.length * 8);
  const traffic: NetworkTraffic = {
    destination: host(via),
    sources: local?.length === via.length ? [host(local)] : [],
    comesBy: (device: string) => (device === "lo" ? "all" : "none"),
    arePassedOn: false,
  };
  return fatesOf(tables, traffic).find(
    ({ route, isForAll }) =>
      isForAll && (route === undefined || DISCARDS.has(route.type)),
  );
}

/** What the kernel takes an address for that no other host has. */
const OWN: ReadonlyMap<number, string> = new Map([
  [RTN_LOCAL, "an address of this node itself"],
  [RTN_BROADCAST, "the broadcast address of a network of this node"],
]);

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function words({ remote: { cluster, kind }, address }: End): string {
  return kind === "plain"
    ? `the router ${address} of "${cluster}"`
    : `${address}, a node's that leads to "${cluster}"`;
}

function hasFailed(
  hop: Uint8Array,
  device: number,
  neighbours: readonly Neighbour[],
): boolean {
  return neighbours.some(
    ({ index, address, state }) =>
      index === device && sameBytes(address, hop) && state === NUD_FAILED,
  );
}
