import type { Cidr } from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { TunnelEnd } from "./ipsec/keys.ts";
import type { Member, OuterAddress } from "./members.ts";
import { distinct, seenFrom } from "./networks.ts";

/** A tunnel between this node and a peer of any cluster: one outer address family, and what goes through it. */
export interface Tunnel {
  readonly own: Member;
  readonly peer: Member;
  readonly family: 4 | 6;
  /** This node's private address. */
  readonly local: Uint8Array;
  /**
   * The peer's elastic address where both have one and the peer is in another cluster, else its private one. Of a peer that
   * initiates the address at which it has appeared, all zeros until it has.
   */
  readonly remote: Uint8Array;
  /** Who begins, where one of both cannot be reached. */
  readonly initiator?: "own" | "peer";
  readonly ends: { readonly own: TunnelEnd; readonly peer: TunnelEnd };
  /** As the other clusters see them: both directions. */
  readonly localCidrs: readonly Cidr[];
  /** Addresses that packets still have before POSTROUTING: direction out only. */
  readonly hiddenCidrs: readonly Cidr[];
  readonly remoteCidrs: readonly Cidr[];
  /** Whether packets of another family than the tunnel's own go through it. */
  readonly mixed: boolean;
  /** ESP in UDP: where either cluster asks for it. */
  readonly inUdp: boolean;
  /** IKE where either cluster asks for it: the stronger word wins. */
  readonly keying: "derived" | "ike";
}

/**
 * The tunnels with peers of other clusters: with each none, one, or one an address family. What is this node's own in them
 * is worked out once, and shared.
 *
 * Packets of a family use a tunnel of the same family where both nodes have such addresses, else of the other:
 * IPv6 pods can talk through IPv4.
 */
export function tunnelsWith(own: Member, peers: readonly Member[]): Tunnel[] {
  return peers.flatMap(tunnelsOf(own));
}

/** See {@link tunnelsWith}: those with one peer. */
export function tunnelsOf(own: Member): (peer: Member) => Tunnel[] {
  const near = nearOf(own, ownTraffic(own));
  const seen = seenOutside();
  return (peer) =>
    tunnelsFrom(near, peer, distinct([...seen(peer), ...peer.services]));
}

/** The tunnels with one peer, for what is told to go through them. */
export function tunnelsBetween(
  own: Member,
  peer: Member,
  { localCidrs, remoteCidrs }: Pick<Tunnel, "localCidrs" | "remoteCidrs">,
): Tunnel[] {
  const near = nearOf(own, { localCidrs, hiddenCidrs: [] });
  return tunnelsFrom(near, peer, remoteCidrs);
}

type OwnTraffic = Pick<Tunnel, "localCidrs" | "hiddenCidrs">;

/** This node's part of all its tunnels. */
interface Near {
  readonly own: Member;
  /** Of these families: the same lists for all tunnels that carry the same. */
  readonly traffic: (families: readonly (4 | 6)[]) => OwnTraffic;
}

function nearOf(own: Member, { localCidrs, hiddenCidrs }: OwnTraffic): Near {
  const known = new Map<string, OwnTraffic>();
  return {
    own,
    traffic: (families) => {
      const key = families.join();
      const traffic = known.get(key) ?? {
        localCidrs: ofFamilies(localCidrs, families),
        hiddenCidrs: ofFamilies(hiddenCidrs, families),
      };
      known.set(key, traffic);
      return traffic;
    },
  };
}

function tunnelsFrom(
  near: Near,
  peer: Member,
  remoteCidrs: readonly Cidr[],
): Tunnel[] {
  const families = FAMILIES.filter(
    (family) => near.own.addresses.has(family) && peer.addresses.has(family),
  );
  return families.flatMap((family) => {
    const inner = families.length === 2 ? [family] : FAMILIES;
    return tunnelOver(
      { near, peer, family },
      narrowed(near, remoteCidrs, inner),
    );
  });
}

const FAMILIES = [4, 6] as const;

type Traffic = OwnTraffic & Pick<Tunnel, "remoteCidrs">;

function tunnelOver(
  { near, peer, family }: { near: Near; peer: Member; family: 4 | 6 },
  { localCidrs, hiddenCidrs, remoteCidrs }: Traffic,
): Tunnel[] {
  const { own } = near;
  const ours = own.addresses.get(family);
  const theirs = peer.addresses.get(family);
  if (ours === undefined || theirs === undefined) return [];
  if (remoteCidrs.length === 0) return [];
  const [here, there] = [own.source.cluster, peer.source.cluster];
  return [
    {
      own,
      peer,
      family,
      local: ours.address.bytes,
      ...farEnd({ own, ours }, { peer, theirs }),
      ends: { own: ours.end, peer: theirs.end },
      localCidrs,
      hiddenCidrs,
      remoteCidrs,
      mixed: remoteCidrs.some((cidr) => cidr.family !== family),
      ...agreedBy(here, there),
    },
  ];
}

/** Where the peer is found. Nodes of one cluster have a network of their own. */
function farEnd(
  { own, ours }: { own: Member; ours: OuterAddress },
  { peer, theirs }: { peer: Member; theirs: OuterAddress },
): Pick<Tunnel, "remote" | "initiator"> {
  const { bytes } = theirs.address;
  if (own.source.cluster.name === peer.source.cluster.name)
    return { remote: bytes };
  if (peer.node.initiate === true)
    return { remote: new Uint8Array(bytes.length), initiator: "peer" };
  const begins = own.node.initiate === true;
  const elastic =
    begins || ours.elastic !== undefined ? theirs.elastic : undefined;
  return {
    remote: elastic?.bytes ?? bytes,
    ...(begins ? { initiator: "own" } : {}),
  };
}

/** What either cluster may ask for. */
function agreedBy(
  ...clusters: readonly ClusterSource["cluster"][]
): Pick<Tunnel, "inUdp" | "keying"> {
  const isByIke = clusters.some(({ keying }) => keying === "ike");
  return {
    inUdp: clusters.some(({ encap }) => encap === "udp"),
    keying: isByIke ? "ike" : "derived",
  };
}

function ownTraffic(own: Member): OwnTraffic {
  const localCidrs = distinct([...seenOutside()(own), ...own.services]);
  const seen = new Set(localCidrs.map(({ text }) => text));
  return {
    localCidrs,
    hiddenCidrs: distinct([...own.pods, ...own.backends]).filter(
      ({ text }) => !seen.has(text),
    ),
  };
}

/** A member's pods as other clusters see them. */
function seenOutside(): (member: Member) => Cidr[] {
  const known = new Map<ClusterSource, (pods: Cidr) => Cidr>();
  return ({ source, pods }) => {
    const seen = known.get(source) ?? seenFrom(source);
    known.set(source, seen);
    return pods.map(seen);
  };
}

/** Only what has a counterpart of its family on the other side. */
function narrowed(
  { traffic }: Near,
  remoteCidrs: readonly Cidr[],
  families: readonly (4 | 6)[],
): Traffic {
  const { localCidrs } = traffic(families);
  const both = families.filter(
    (family) => hasFamily(localCidrs, family) && hasFamily(remoteCidrs, family),
  );
  return { ...traffic(both), remoteCidrs: ofFamilies(remoteCidrs, both) };
}

function ofFamilies(
  cidrs: readonly Cidr[],
  families: readonly (4 | 6)[],
): readonly Cidr[] {
  return cidrs.every(({ family }) => families.includes(family))
    ? cidrs
    : exact(cidrs.filter(({ family }) => families.includes(family)));
}

/** V8 gives a list that grows room for sixteen more: of tens of thousands that stay, most of what they take. */
function exact<Item>(list: readonly Item[]): readonly Item[] {
  return list.slice();
}

function hasFamily(cidrs: readonly Cidr[], family: 4 | 6): boolean {
  return cidrs.some((cidr) => cidr.family === family);
}
