import { networkHolding } from "./networks.ts";
import type { Cidr } from "../../ip/cidr.ts";
import type { Tunnel } from "./tunnels.ts";

/** At which addresses peers that initiate have appeared, and which this node has, if it does; by `NODE.CLUSTER`. */
export type Whereabouts = ReadonlyMap<string, Uint8Array>;

/** Whether it is known where a peer is: nothing can be sent to one that has not appeared. */
export function isPlaced({ remote }: Pick<Tunnel, "remote">): boolean {
  return remote.some((byte) => byte !== 0);
}

/**
 * The tunnels, with peers that initiate where they have appeared, and this node where it is, if it does.
 *
 * @param networks that policies protect: they would catch the tunnel itself, so nobody is followed there; files that say such
 *   a thing are refused
 */
export function placed(
  tunnels: readonly Tunnel[],
  whereabouts: Whereabouts,
  networks: readonly Cidr[],
): readonly Tunnel[] {
  if (whereabouts.size === 0 || !tunnels.some(isRoaming)) return tunnels;
  return tunnels.map((tunnel) => {
    if (tunnel.initiator === undefined) return tunnel;
    const { cluster, node } = tunnel.ends[tunnel.initiator];
    const found = whereabouts.get(`${node}.${cluster}`);
    if (
      found?.length !== tunnel.remote.length ||
      networkHolding(networks, found) !== undefined
    )
      return tunnel;
    return tunnel.initiator === "own"
      ? { ...tunnel, local: found }
      : { ...tunnel, remote: found };
  });
}

function isRoaming({ initiator }: Tunnel): boolean {
  return initiator !== undefined;
}
