import type { Cidr } from "../../ip/cidr.ts";
import { bindEnd, type TunnelEnd } from "./ipsec/keys.ts";
import type { Member, OuterAddress } from "./members.ts";
import { distinct, seenAs } from "./networks.ts";

/** A tunnel between this node and a peer of any cluster: one outer address family, and what goes through it. */
export interface Tunnel {
  readonly own: Member;
  readonly peer: Member;
  readonly family: 4 | 6;
  /** This node's private address. */
  readonly local: Uint8Array;
  /** The peer's elastic address where both have one and the peer is in another cluster, else its private one. */
  readonly remote: Uint8Array;
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
 * The tunnels with one peer of another cluster: none, one, or one an address family.
 *
 * Packets of a family use a tunnel of the same family where both nodes have such addresses, else of the other:
 * IPv6 pods can talk through IPv4.
 */
export function tunnelsWith(own: Member, peer: Member): Tunnel[] {
  return tunnelsBetween(own, peer, trafficWith(own, peer));
}

/** The same, for what is told to go through them. */
export function tunnelsBetween(
  own: Member,
  peer: Member,
  traffic: Pick<Traffic, "localCidrs" | "remoteCidrs"> & Partial<Traffic>,
): Tunnel[] {
  const { hiddenCidrs = [] } = traffic;
  const families = ([4, 6] as const).filter(
    (family) => own.addresses.has(family) && peer.addresses.has(family),
  );
  return families.flatMap((family) => {
    const other = family === 4 ? 6 : 4;
    const inner: (4 | 6)[] = families.includes(other)
      ? [family]
      : [family, other];
    return tunnelOver(
      { own, peer, family },
      narrowed({ ...traffic, hiddenCidrs }, inner),
    );
  });
}

interface Traffic {
  readonly localCidrs: readonly Cidr[];
  readonly hiddenCidrs: readonly Cidr[];
  readonly remoteCidrs: readonly Cidr[];
}

function tunnelOver(
  way: { own: Member; peer: Member; family: 4 | 6 },
  traffic: Traffic,
): Tunnel[] {
  const { own, peer, family } = way;
  const ours = own.addresses.get(family);
  const theirs = peer.addresses.get(family);
  if (
    ours === undefined ||
    theirs === undefined ||
    traffic.remoteCidrs.length === 0
  )
    return [];
  // Nodes of one cluster have a network of their own.
  const isInside = own.source.cluster.name === peer.source.cluster.name;
  const elastic =
    isInside || ours.elastic === undefined ? undefined : theirs.elastic;
  const mixed = traffic.remoteCidrs.some((cidr) => cidr.family !== family);
  const clusters = [own, peer].map(({ source }) => source.cluster);
  const inUdp = clusters.some(({ encap }) => encap === "udp");
  const isByIke = clusters.some(({ keying }) => keying === "ike");
  return [
    {
      own,
      peer,
      family,
      local: ours.address.bytes,
      remote: (elastic ?? theirs.address).bytes,
      ends: { own: endOf(own, ours), peer: endOf(peer, theirs) },
      ...traffic,
      mixed,
      inUdp,
      keying: isByIke ? "ike" : "derived",
    },
  ];
}

/** A node as the keys know it. */
export function endOf(
  member: Pick<Member, "source" | "node">,
  outer: OuterAddress,
): TunnelEnd {
  const { address, elastic } = outer;
  return bindEnd({
    cluster: member.source.cluster.name,
    node: member.node.name,
    address: address.text,
    ...(elastic === undefined ? {} : { elasticIP: elastic.text }),
  });
}

function trafficWith(own: Member, peer: Member): Traffic {
  const localCidrs = seenCidrs(own);
  const seen = new Set(localCidrs.map(({ text }) => text));
  return {
    localCidrs,
    hiddenCidrs: distinct([...own.pods, ...own.backends]).filter(
      ({ text }) => !seen.has(text),
    ),
    remoteCidrs: seenCidrs(peer),
  };
}

function seenCidrs(member: Member): Cidr[] {
  return distinct([
    ...member.pods.map((cidr) => seenAs(member.source, cidr)),
    ...member.services,
  ]);
}

/** Only what has a counterpart of its family on the other side. */
function narrowed(traffic: Traffic, families: readonly (4 | 6)[]): Traffic {
  const { localCidrs, hiddenCidrs, remoteCidrs } = traffic;
  const both = families.filter(
    (family) => hasFamily(localCidrs, family) && hasFamily(remoteCidrs, family),
  );
  const keep = (cidrs: readonly Cidr[]): Cidr[] =>
    cidrs.filter(({ family }) => both.includes(family));
  return {
    localCidrs: keep(localCidrs),
    hiddenCidrs: keep(hiddenCidrs),
    remoteCidrs: keep(remoteCidrs),
  };
}

function hasFamily(cidrs: readonly Cidr[], family: 4 | 6): boolean {
  return cidrs.some((cidr) => cidr.family === family);
}
