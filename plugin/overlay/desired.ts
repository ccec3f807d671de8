import { CniError, ErrorCode } from "../../cni/error.ts";
import { type Cidr, compareCidrs } from "../../ip/cidr.ts";
import { AF_INET, AF_INET6, formatAddress } from "../../native/address.ts";
import type { Route } from "../../native/route/route.ts";
import type { SourceRule } from "../../native/route/rule.ts";
import type { Companion, DesiredMesh, Segment } from "../mesh/state.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";
import { overlayMtu } from "./mtu.ts";
import { hardwareAddressOf } from "./hardware.ts";
import { MAIN_TABLE, routeBy } from "./routes.ts";
import {
  type DesiredOverlay,
  NO_OVERLAY,
  OVERLAY_INDEX,
  OVERLAY_PRIORITY,
  OVERLAY_TABLE,
  type OverlayDevice,
} from "./state.ts";
import { type NextHop, type OverlayWay, type Way, wayTo } from "./way.ts";

/** What the node knows of its own links and routes. */
export interface OverlayFacts {
  /** Of the device that is there already, whoever chose it. */
  readonly overlayIndex?: number;
  /** Undefined where the address cannot be reached. */
  readonly nextHop: (address: Uint8Array) => NextHop | undefined;
  /** Of the device that has the address; undefined where none has it. */
  readonly mtuAt: (address: Uint8Array) => number | undefined;
}

/**
 * The ways between the nodes of a gateway-mode cluster, and the VXLAN device for those that are not on one link: on a leaf
 * routes to the remote networks by the gateway, on the gateway routes back to the leaves' pods. Pure, but for what `facts`
 * looks up.
 *
 * @throws CniError 7 where this node lacks the address that its file gives it
 */
export function desiredOverlay(
  mesh: DesiredMesh | undefined,
  facts: OverlayFacts,
): DesiredOverlay {
  if (mesh?.segment === undefined) return NO_OVERLAY;
  const ways = waysOf(mesh, mesh.segment, facts);
  const overlaid = distinctPeers(ways);
  const index = facts.overlayIndex ?? OVERLAY_INDEX;
  const back = mesh.role === "tunnel" ? waysBack(ways, index) : [];
  return {
    ...(overlaid.length === 0
      ? {}
      : { device: deviceFor(mesh.segment, index, facts) }),
    neighbours: distinctNeighbours(ways),
    targets: overlaid.map(({ hardwareAddress, destination }) => ({
      hardwareAddress,
      destination,
    })),
    routes: mesh.role === "leaf" ? waysOut(mesh, ways, index) : back,
    rules: rulesFor(mesh, back),
  };
}

/** A companion, and how packets of one family get there. */
interface KnownWay {
  readonly companion: Companion;
  readonly family: 4 | 6;
  readonly way: Way;
}

/** For each companion and each family that remote pods have. */
function waysOf(
  mesh: DesiredMesh,
  segment: Segment,
  { nextHop }: OverlayFacts,
): KnownWay[] {
  const families = new Set(encryptedRemotes(mesh).map(({ family }) => family));
  return segment.companions.flatMap((companion) =>
    [...families].sort().flatMap((family) => {
      const way = wayTo(companion, family, { segment, nextHop });
      return way === undefined ? [] : [{ companion, family, way }];
    }),
  );
}

/** A leaf's routes to the remote networks, by its gateway. */
function waysOut(
  { routes }: DesiredMesh,
  ways: readonly KnownWay[],
  index: number,
): Route[] {
  return routes
    .filter(({ kind }) => kind === "gateway")
    .flatMap(({ destination }) => {
      const known = ways.find(({ family }) => family === destination.family);
      return known === undefined
        ? []
        : [routeOver(known.way, { destination, index, table: MAIN_TABLE })];
    });
}

/**
 * The gateway's routes to the leaves' pods, for packets of remote pods alone: the base CNI's way carries those of its own
 * pods, but not everywhere addresses that it doesn't know, and not back by the way that a strict rp_filter wants.
 */
function waysBack(ways: readonly KnownWay[], index: number): Route[] {
  return ways.flatMap(({ companion, family, way }) =>
    companion.pods
      .filter((pods) => pods.family === family)
      .map((destination) =>
        routeOver(way, { destination, index, table: OVERLAY_TABLE }),
      ),
  );
}

function routeOver(
  way: Way,
  to: { destination: Cidr; index: number; table: number },
): Route {
  const { destination, index, table } = to;
  if (way.kind === "link") return routeBy(destination, way, { table });
  const { gateway } = way;
  // A link-local next hop is on the link by itself.
  const onlink = gateway.length === 4 ? { onlink: true } : {};
  const hop = { gateway, outputInterface: index };
  return routeBy(destination, hop, { table, ...onlink });
}

function rulesFor(mesh: DesiredMesh, routes: readonly Route[]): SourceRule[] {
  const lengths = new Set(
    routes.map(({ destination }) => destination.address.length),
  );
  return encryptedRemotes(mesh)
    .filter(({ bytes }) => lengths.has(bytes.length))
    .map(({ family, bytes: address, prefix: length }) => ({
      family: family === 4 ? AF_INET : AF_INET6,
      source: { address, length },
      table: OVERLAY_TABLE,
      priority: OVERLAY_PRIORITY,
      protocol: ROUTE_PROTOCOL,
    }));
}

function encryptedRemotes({ exemptions }: DesiredMesh): Cidr[] {
  const remotes = exemptions
    .filter(({ encrypted }) => encrypted)
    .map(({ remote }) => [remote.text, remote] as const);
  return [...new Map(remotes).values()].sort(compareCidrs);
}

function deviceFor(
  { addresses, underlay }: Segment,
  index: number,
  { mtuAt }: OverlayFacts,
): OverlayDevice {
  const local = addresses.get(underlay) ?? new Uint8Array();
  const mtu = mtuAt(local);
  if (mtu === undefined) throw notOurs(local);
  const hardwareAddress = hardwareAddressOf(local);
  return { index, local, hardwareAddress, mtu: overlayMtu(mtu, underlay) };
}

function notOurs(local: Uint8Array): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot hand packets to the cluster's other nodes from ${formatAddress(local)}: no device of this machine has that address`,
    {
      details:
        'the first of the node\'s "ips" must be its private address, as `ip address` shows it',
    },
  );
}

function isOverlay(way: Way): way is OverlayWay {
  return way.kind === "overlay";
}

function distinctPeers(ways: readonly KnownWay[]): OverlayWay[] {
  const peers = ways
    .map(({ way }) => way)
    .filter(isOverlay)
    .map((way) => [formatAddress(way.destination), way] as const);
  return [...new Map(peers).values()];
}

function distinctNeighbours(
  ways: readonly KnownWay[],
): DesiredOverlay["neighbours"] {
  const found = ways
    .map(({ way }) => way)
    .filter(isOverlay)
    .map(
      ({ gateway: address, hardwareAddress }) =>
        [formatAddress(address), { address, hardwareAddress }] as const,
    );
  return [...new Map(found).values()];
}
