import {
  ENCAPSULATION,
  type KeyedTunnel,
  type TemplatedTunnel,
} from "./ipsec/keyed-tunnel.ts";
import type { Peer } from "./state.ts";

/** The far end of a tunnel by keys of the keyring. */
export function derivedPeer(tunnel: KeyedTunnel): Peer {
  return new DerivedPeer(tunnel);
}

/** A class that says what its tunnel does: a large mesh has tens of thousands, and nobody asks most of them for more than an address. */
class DerivedPeer implements Peer {
  readonly #tunnel: KeyedTunnel;

  constructor(tunnel: KeyedTunnel) {
    this.#tunnel = tunnel;
  }

  get cluster(): string {
    return this.#tunnel.peer.source.cluster.name;
  }

  get node(): string {
    return this.#tunnel.peer.node.name;
  }

  get local(): Uint8Array {
    return this.#tunnel.local;
  }

  get remote(): Uint8Array {
    return this.#tunnel.remote;
  }

  get reqid(): number {
    return this.#tunnel.reqid;
  }

  get keying(): Peer["keying"] {
    return this.#tunnel.keying;
  }

  get encapsulation(): Peer["encapsulation"] {
    return this.#tunnel.inUdp ? ENCAPSULATION : undefined;
  }

  get keyId(): number | undefined {
    return this.#tunnel.outbound.keyId;
  }

  get spisOut(): readonly number[] {
    return this.#tunnel.outbound.spis;
  }

  get accepted(): Peer["accepted"] {
    return this.#tunnel.inbound;
  }

  get localCidrs(): Peer["localCidrs"] {
    return this.#tunnel.localCidrs;
  }

  get remoteCidrs(): Peer["remoteCidrs"] {
    return this.#tunnel.remoteCidrs;
  }
}

/** The far end of a tunnel by IKE. */
export function ikePeer(tunnel: TemplatedTunnel): Peer {
  const { peer, local, remote, reqid, keying, localCidrs, remoteCidrs } =
    tunnel;
  return {
    cluster: peer.source.cluster.name,
    node: peer.node.name,
    local,
    remote,
    reqid,
    keying,
    spisOut: [],
    accepted: [],
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
