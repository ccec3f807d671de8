import { addressFromBytes, type Cidr, compareCidrs } from "../../ip/cidr.ts";
import { sameBytes } from "../../native/index.ts";
import type { Tunnel } from "./tunnels.ts";
import { isPlaced } from "./whereabouts.ts";

/** Tunnels with peers of one cluster, or all legs, and what follows from them together: of a cluster that is the same it is kept. */
export interface TunnelGroup {
  readonly tunnels: readonly Tunnel[];
  /** Those whose far ends the files say. Several that initiate may be behind one NAT: their SAs differ by reqid and SPI. */
  readonly fixed: readonly Tunnel[];
  /** Whether one of those ends at this node's own address. */
  readonly isToItself: boolean;
  /** What peers carry at known places, sorted by network. */
  readonly carried: readonly Carried[];
}

/** A network and the tunnel that it is reached through. */
export interface Carried {
  readonly cidr: Cidr;
  readonly tunnel: Tunnel;
}

/** Works that out. */
export function groupOf(tunnels: readonly Tunnel[]): TunnelGroup {
  const isFixed = ({ initiator }: Tunnel): boolean => initiator !== "peer";
  const fixed = tunnels.every(isFixed) ? tunnels : tunnels.filter(isFixed);
  return {
    tunnels,
    fixed,
    isToItself: fixed.some(({ remote, local }) => sameBytes(remote, local)),
    carried: tunnels
      .filter(isPlaced)
      .flatMap((tunnel) => tunnel.remoteCidrs.map((cidr) => ({ cidr, tunnel })))
      .sort((a, b) => compareCidrs(a.cidr, b.cidr)),
  };
}

/** Where a tunnel ends, as text. */
export function farEndOf({ remote }: Tunnel): string {
  return addressFromBytes(remote).text;
}
