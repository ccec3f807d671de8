import {
  formatAddress,
  type RouteClient,
  sameBytes,
} from "../../native/index.ts";
import { innerMtu, type Wrapping } from "../mesh/mtu.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import { isPlaced } from "../mesh/whereabouts.ts";

/** The largest packet, in bytes, that fits into a tunnel, by the address of one of its ends. */
export type TunnelMtus = ReadonlyMap<string, number>;

/**
 * What each local end's device leaves for packets inside of its tunnels, by that end. The path may be narrower;
 * then the kernel learns it, and tells pods by frag-needed.
 */
export function tunnelMtus(mesh: DesiredMesh, route: RouteClient): TunnelMtus {
  const udp = endsInUdp(mesh);
  return new Map(
    [...deviceMtus(mesh, route)].map(([local, mtu]) => [
      local,
      through(mtu, { family: familyOf(local), inUdp: udp.has(local) }, mesh),
    ]),
  );
}

/** What is left toward each peer, by the peer's end: of the device, or of the path as far as the kernel knows it by now. */
export function peerMtus(mesh: DesiredMesh, route: RouteClient): TunnelMtus {
  const devices = deviceMtus(mesh, route);
  const udp = endsInUdp(mesh);
  const mtus = new Map<string, number>();
  for (const peer of mesh.peers) {
    const device = devices.get(formatAddress(peer.local));
    if (device === undefined || !isPlaced(peer)) continue;
    const remote = formatAddress(peer.remote);
    const path = route.getRoute(peer.remote)?.mtu ?? device;
    const wrapping = { family: familyOf(remote), inUdp: udp.has(remote) };
    mtus.set(remote, through(Math.min(device, path), wrapping, mesh));
  }
  return mtus;
}

/** What fits into the tunnel, and into those beyond its far end: there a device like ours is taken for granted. */
function through(
  mtu: number,
  wrapping: Wrapping,
  { wrappingsBeyond }: DesiredMesh,
): number {
  return Math.min(
    ...[wrapping, ...wrappingsBeyond].map((each) => innerMtu(mtu, each)),
  );
}

/** Of the devices that have the local ends, by local end. */
function deviceMtus(mesh: DesiredMesh, route: RouteClient): TunnelMtus {
  // Thousands of tunnels have one end.
  const locals = new Set(mesh.peers.map(({ local }) => local));
  const ends = new Map(
    [...locals].map((local) => [formatAddress(local), local]),
  );
  const addresses = ends.size === 0 ? [] : route.addresses();
  const mtus = new Map<string, number>();
  for (const [text, local] of ends) {
    const device = addresses.find(({ address }) => sameBytes(address, local));
    const link = device && route.link(device.index);
    if (link) mtus.set(text, link.mtu);
  }
  return mtus;
}

/** Addresses of both ends. With IKE a NAT on the way decides, of which nobody here knows: room is left for it. */
function endsInUdp({ peers, ike }: DesiredMesh): Set<string> {
  const wrapped = peers.filter(
    ({ encapsulation }) => encapsulation !== undefined,
  );
  return new Set([
    ...wrapped.flatMap(({ local, remote }) =>
      [local, remote].map(formatAddress),
    ),
    ...ike.flatMap(({ local, remote }) => [local, remote].map(formatAddress)),
  ]);
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** The narrowest tunnel's; undefined where there is none. */
export function narrowest(mtus: TunnelMtus): number | undefined {
  return mtus.size === 0 ? undefined : Math.min(...mtus.values());
}
