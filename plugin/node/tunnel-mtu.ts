import { formatAddress, sameBytes } from "../../native/address.ts";
import type { RouteClient } from "../../native/route/client.ts";
import { innerMtu } from "../forward/mtu.ts";
import type { DesiredMesh } from "../mesh/state.ts";

/** The largest packet, in bytes, that fits into the tunnels from each local end, by its address. */
export type TunnelMtus = ReadonlyMap<string, number>;

/**
 * What each local end's device leaves for packets inside of its tunnels. The path may be narrower;
 * then the kernel learns it, and tells pods by frag-needed.
 */
export function tunnelMtus(mesh: DesiredMesh, route: RouteClient): TunnelMtus {
  const ends = new Map(
    mesh.peers.map(({ local }) => [formatAddress(local), local]),
  );
  const addresses = ends.size === 0 ? [] : route.addresses();
  const mtus = new Map<string, number>();
  for (const [text, local] of ends) {
    const device = addresses.find(({ address }) => sameBytes(address, local));
    const link = device && route.link(device.index);
    const inUdp = mesh.associations.some(
      ({ source, encapsulation }) =>
        encapsulation !== undefined && sameBytes(source, local),
    );
    const family = local.length === 4 ? 4 : 6;
    if (link) mtus.set(text, innerMtu(link.mtu, { family, inUdp }));
  }
  return mtus;
}

/** The narrowest tunnel's; undefined where there is none. */
export function narrowest(mtus: TunnelMtus): number | undefined {
  return mtus.size === 0 ? undefined : Math.min(...mtus.values());
}
