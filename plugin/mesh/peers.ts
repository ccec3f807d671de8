import {
  ENCAPSULATION,
  type KeyedTunnel,
  type TemplatedTunnel,
} from "./ipsec/keyed-tunnel.ts";
import type { Peer } from "./state.ts";

/** The far end of a tunnel by keys of the keyring. */
export function derivedPeer(tunnel: KeyedTunnel): Peer {
  const { outbound, inbound, inUdp } = tunnel;
  const { keyId } = outbound;
  return {
    ...peerOf(tunnel),
    ...(inUdp ? { encapsulation: ENCAPSULATION } : {}),
    ...(keyId === undefined ? {} : { keyId }),
    spisOut: outbound.spis,
    accepted: inbound,
  };
}

/** The far end of a tunnel by IKE. */
export function ikePeer(tunnel: TemplatedTunnel): Peer {
  return { ...peerOf(tunnel), spisOut: [], accepted: [] };
}

function peerOf(tunnel: TemplatedTunnel): Omit<Peer, "spisOut" | "accepted"> {
  const { peer, local, remote, reqid, keying, localCidrs, remoteCidrs } =
    tunnel;
  return {
    cluster: peer.source.cluster.name,
    node: peer.node.name,
    local,
    remote,
    reqid,
    keying,
    localCidrs,
    remoteCidrs,
  };
}

/** Those of tunnels with one cluster, in order. */
export function derivedPeers(
  tunnels: readonly KeyedTunnel[],
  make: typeof derivedPeer = derivedPeer,
): readonly Peer[] {
  return tunnels.map((tunnel) => make(tunnel)).sort(byPlace);
}

/** Their order. */
export function byPlace(a: Peer, b: Peer): number {
  if (a.cluster !== b.cluster) return a.cluster < b.cluster ? -1 : 1;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.local.length - b.local.length;
}
