import type { Cidr } from "../../ip/cidr.ts";
import type {
  SecurityAssociation,
  SecurityPolicy,
} from "../../native/index.ts";
import type { Secret } from "../../conf/secret.ts";
import type { RemotePolicies } from "./ipsec/policies.ts";
import type { TunnelSeries } from "./ipsec/series.ts";
import type { Wrapping } from "./mtu.ts";

/**
 * What a node is in the mesh: "tunnel" has SAs with the other clusters; "leaf" is a node of a gateway-mode cluster, whose
 * one peer in use is its gateway; "plain" belongs to a network with encryption "none".
 */
export type Role = "tunnel" | "leaf" | "plain";

/** What one node's kernel should hold so that its pods reach the other clusters. Arrays are sorted, without doubles. */
export interface DesiredMesh {
  readonly role: Role;
  /** As a node has them that never had any: worked out when it is asked for, since of a large mesh nobody needs them all. */
  readonly associations: readonly SecurityAssociation[];
  /** How they go on: one a tunnel that this node makes the SAs of, those that stand by last. */
  readonly series: readonly TunnelSeries[];
  /** What tells the keyring's secrets from others, by key id; no secret can be told from it. */
  readonly secrets: ReadonlyMap<number, string>;
  /** What charon makes SAs for. */
  readonly ike: readonly IkeTunnel[];
  /** Where SAs of tunnels by IKE are as derived keys would give them: those that are there stay until charon's take their place. */
  readonly retiring: readonly SaPlace[];
  /** Block policies first, then those that protect: worked out each time that they are asked for. */
  readonly policies: readonly SecurityPolicy[];
  readonly blocking: readonly SecurityPolicy[];
  readonly protecting: readonly RemotePolicies[];
  readonly routes: readonly RemoteRoute[];
  /** On a leaf: how its gateway wraps what it passes on; elsewhere none. */
  readonly wrappingsBeyond: readonly Wrapping[];
  readonly exemptions: readonly NetworkPair[];
  readonly globalMappings: readonly GlobalMapping[];
  readonly peers: readonly Peer[];
  /** Far ends of tunnels that stand by: they have SAs, and no policy, route or exemption. */
  readonly standby: readonly Peer[];
  /** Whether an encrypted peer exists; without a keyring there are then no SAs, and only block policies. */
  readonly needsKeyring: boolean;
  /** Sentences for an admin: what works less well than the files suggest. */
  readonly warnings: readonly string[];
}

/** What an SA is found by. */
export type SaPlace = Pick<SecurityAssociation, "destination" | "spi">;

/** A way to a remote CIDR. The packets' real way, the tunnel, is the policies' matter. */
export interface RemoteRoute {
  readonly destination: Cidr;
  /** Address of the peer or of a plain network's router; maybe of the other family. */
  readonly via: Uint8Array;
  readonly cluster: string;
  /** "peer" is wanted only where no other route covers the CIDR, "plain" where none but a default route does. */
  readonly kind: "peer" | "plain";
}

/** Traffic between these networks, either way, is to keep its source address, and may be forwarded: an exemption from SNAT. */
export interface NetworkPair {
  /** As packets carry it on this node: the cluster's own addresses, not the global ones. */
  readonly local: Cidr;
  /** As this node sees the remote cluster: its global addresses, where it has some. */
  readonly remote: Cidr;
  /** Whether a tunnel leads there, which leaves less room in a packet. */
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
  /** All zeros where it has not appeared yet. */
  readonly remote: Uint8Array;
  readonly reqid: number;
  readonly keying: "derived" | "ike";
  /** How its SAs wrap ESP in UDP, where they do; charon finds out for itself. */
  readonly encapsulation?: SecurityAssociation["encapsulation"] | undefined;
  /** The active key's id; absent with a static key. */
  readonly keyId?: number | undefined;
  /** What this node sends with has one of these; none with IKE, which chooses its SPIs as it goes. */
  readonly spisOut: readonly number[];
  /** What the peer may send with, by key; none with IKE. */
  readonly accepted: readonly {
    readonly keyId?: number;
    readonly spis: readonly number[];
  }[];
  readonly localCidrs: readonly Cidr[];
  readonly remoteCidrs: readonly Cidr[];
}

/** A tunnel whose SAs are charon's to make, rekey and delete; its policies are ours. */
export interface IkeTunnel {
  readonly cluster: string;
  readonly node: string;
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  /** `NODE.CLUSTER`. */
  readonly localId: string;
  readonly remoteId: string;
  /** In the policies' templates; no other tunnel of this node by IKE has it. */
  readonly reqid: number;
  readonly localCidrs: readonly Cidr[];
  readonly remoteCidrs: readonly Cidr[];
  /** Whether ESP must be in UDP; otherwise charon finds out whether it must. */
  readonly inUdp: boolean;
  /** Who begins, where one of both cannot be reached; else either may. */
  readonly initiator?: "own" | "peer";
  /** A sentence, where the files of its clusters do not agree that it is one by IKE. */
  readonly difference?: string;
  /** Whether its ends cannot prove who they are, and charon is not told of it; `difference` says why. */
  readonly isUnprovable?: true;
  /** Where both prove who they are by certificates; then there are no secrets. */
  readonly authority?: Authority;
  /** The active key's first; the peer may have another active one while keys rotate. */
  readonly secrets: readonly { readonly keyId: number; readonly psk: Secret }[];
}

/** Who says of a tunnel's ends who they are, as PEM. */
interface Authority {
  /** Signs nodes of the peer's cluster, and is believed for them alone. */
  readonly certificate: string;
  /** What it has revoked. */
  readonly revoked?: string;
}
