import type { Cidr } from "../../ip/cidr.ts";
import type { SecurityAssociation } from "../../native/xfrm/sa.ts";
import type { SecurityPolicy } from "../../native/xfrm/sp.ts";

/**
 * What a node is in the mesh: "tunnel" ends SAs of its own; "leaf" is a node of a gateway-mode cluster that
 * routes to its gateway and has no xfrm state at all; "plain" belongs to a network with encryption "none".
 */
export type Role = "tunnel" | "leaf" | "plain";

/** What one node's kernel should hold so that its pods reach the other clusters. Arrays are sorted, without doubles. */
export interface DesiredMesh {
  readonly role: Role;
  readonly associations: readonly SecurityAssociation[];
  /** Block policies first, then those that protect. */
  readonly policies: readonly SecurityPolicy[];
  readonly routes: readonly RemoteRoute[];
  /**
   * Remote CIDRs that need an unreachable route with a worse metric than that of `routes`: on a leaf nothing
   * else would stop packets from following the default route when the way to the gateway is lost.
   */
  readonly fallbacks: readonly Cidr[];
  /** In gateway mode. */
  readonly segment?: Segment;
  readonly exemptions: readonly Exemption[];
  readonly globalMappings: readonly GlobalMapping[];
  readonly peers: readonly Peer[];
  /** Whether an encrypted peer exists; without a keyring there are then no SAs, and only block policies. */
  readonly needsKeyring: boolean;
  /** Sentences for an admin: what works less well than the files suggest. */
  readonly warnings: readonly string[];
}

/** A way to a remote CIDR. The packets' real way, the tunnel, is the policies' matter. */
export interface RemoteRoute {
  readonly destination: Cidr;
  /** Address of the peer, of the own gateway or of a plain network's router; maybe of the other family. */
  readonly via: Uint8Array;
  readonly cluster: string;
  /** "peer" is wanted only where no other route covers the CIDR, "plain" where none but a default route does, "gateway" always. */
  readonly kind: "peer" | "gateway" | "plain";
}

/**
 * A gateway-mode cluster as one of its nodes sees it: to whom packets of remote pods are handed inside of the cluster.
 * All of it follows from the cluster's file, so both ends of a way agree.
 */
export interface Segment {
  /** This node's first address of each family. */
  readonly addresses: NodeAddresses;
  /** On a leaf its gateway; on the gateway all leaves. */
  readonly companions: readonly Companion[];
  /** The family of what the overlay sends: IPv4 where every node has it, else IPv6 where every node has that. */
  readonly underlay: 4 | 6;
  /** Whether the overlay is also for nodes on one link. */
  readonly always: boolean;
}

/** Another node of the own cluster. */
export interface Companion {
  readonly node: string;
  readonly addresses: NodeAddresses;
  /** As the file has them; none where the file leaves them to the base CNI. */
  readonly pods: readonly Cidr[];
}

/** First address of each family. */
export type NodeAddresses = ReadonlyMap<4 | 6, Uint8Array>;

/** Traffic between these networks, either way, keeps its source address and may be forwarded. */
export interface Exemption {
  /** As packets carry it on this node: the cluster's own addresses, not the global ones. */
  readonly local: Cidr;
  /** As this node sees the remote cluster: its global addresses, where it has some. */
  readonly remote: Cidr;
  readonly encrypted: boolean;
  /** What this node has to make of `local` toward `remote`, and back, one to one. */
  readonly global?: Cidr;
}

/** Own addresses, and those under which the other clusters see them, one to one. */
export interface GlobalMapping {
  readonly own: Cidr;
  readonly global: Cidr;
}

/** The far end of a tunnel, for one outer address family. */
export interface Peer {
  readonly cluster: string;
  readonly node: string;
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly reqid: number;
  /** The active key's id; absent with a static key. */
  readonly keyId?: number;
  readonly spiOut: number;
  /** What the peer sends with once the same key is active there. */
  readonly spiIn: number;
  /** Every SPI that is accepted from the peer, by key. */
  readonly accepted: readonly {
    readonly keyId?: number;
    readonly spi: number;
  }[];
  readonly localCidrs: readonly Cidr[];
  readonly remoteCidrs: readonly Cidr[];
}
