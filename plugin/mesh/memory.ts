import type { ClusterSource } from "../../conf/clusters.ts";
import type { Node } from "../../conf/generated/cluster.ts";
import { type Cidr, parseCidr } from "../../ip/cidr.ts";
import {
  activeFirst,
  keyTunnel,
  keyWithDerived,
  type PreparedKeys,
} from "./ipsec/derived.ts";
import type { KeyedTunnel } from "./ipsec/keyed-tunnel.ts";
import { type Numberer, senderNumberer } from "./ipsec/sender-numbers.ts";
import { CHOICES } from "./ipsec/spi.ts";
import { type GroupMemory, groupMemory } from "./group-memory.ts";
import { keptFor, lastOf } from "./kept.ts";
import {
  listedMember,
  type Member,
  memberOf,
  membersOf,
  outerEnds,
  standbysOf,
} from "./members.ts";
import { inFamily, type Networks, networksOf } from "./networks.ts";
import type { NumbersOf, OuterEnds } from "./senders.ts";
import { type Tunnel, tunnelsOf } from "./tunnels.ts";

/**
 * What was worked out for a mesh, piece by piece. The next one, of other files, takes over what follows from the same objects, so
 * that a changed node costs a node's work. Nothing of it is ever another than what would be worked out anew.
 */
export interface MeshMemory extends GroupMemory {
  readonly networksOf: typeof networksOf;
  readonly outerEndsOf: OuterEnds;
  readonly numberers: Readonly<Record<4 | 6, Numberer>>;
  readonly membersOf: (
    source: ClusterSource,
    networks: Networks,
  ) => readonly Member[];
  readonly standbysOf: (
    source: ClusterSource,
    networks: Networks,
  ) => readonly Member[];
  /** This node as one, with the pod CIDRs that it knows itself; services come with `networks`. */
  readonly ownMember: (
    source: ClusterSource,
    node: Node,
    carried: { readonly pods: readonly Cidr[]; readonly networks?: Networks },
  ) => Member;
  /** With peers of one cluster. */
  readonly tunnelsWith: (
    peers: readonly Member[],
    own: Member,
  ) => readonly Tunnel[];
  readonly keysOf: typeof activeFirst;
  /** Tunnels with peers of one cluster. */
  readonly keyedOf: (
    tunnels: readonly Tunnel[],
    keys: PreparedKeys,
    numbers: NumbersOf,
  ) => readonly KeyedTunnel[];
}

/** Does not keep what follows from single nodes: for who looks once, it would be most of what he holds. */
export const keptForNothing: typeof keptFor = (make) => make;

/** One that knows nothing yet. */
export function meshMemory(keep: typeof keptFor = keptFor): MeshMemory {
  const headOf = keptHeads();
  const ends = keptFor((node: Node, head: ClusterSource) =>
    outerEnds(head, node),
  );
  const tunnelsFrom = lastOf((own: Member) => keep(tunnelsOf(own)));
  const choices = {
    number: keptFor(CHOICES.number),
    turn: keptFor(CHOICES.turn),
  };
  const listed = keep(
    (node: Node, head: ClusterSource, networks: Networks | undefined) =>
      listedMember(head, node, networks, ends(node, head)),
  );
  return {
    networksOf: keptNetworks(),
    outerEndsOf: keptFor((source: ClusterSource) =>
      endsOf(source, (node) => ends(node, headOf(source))),
    ),
    numberers: {
      4: senderNumberer(choices),
      6: senderNumberer(choices),
    },
    membersOf: keptFor((source: ClusterSource, networks: Networks) =>
      membersOf(source, networks, (_, node, services) =>
        listed(node, headOf(source), services),
      ),
    ),
    standbysOf: keptFor(standbysOf),
    ownMember: keptOwn(headOf),
    tunnelsWith: keptFor((peers: readonly Member[], own: Member) => {
      const tunnels = tunnelsFrom(own);
      return peers.flatMap((peer) => tunnels(peer));
    }),
    keysOf: keptFor(activeFirst),
    keyedOf: keptKeyed(keep),
    ...groupMemory(keep),
  };
}

function endsOf(
  { cluster }: ClusterSource,
  ends: (node: Node) => ReturnType<typeof outerEnds>,
): ReturnType<OuterEnds> {
  const of = (family: 4 | 6) =>
    cluster.nodes.flatMap((node) => ends(node).get(family)?.end ?? []);
  return { 4: of(4), 6: of(6) };
}

/**
 * A cluster as its nodes know it: all but its other nodes. It is the same object as long as that says the same, and keeps no
 * nodes of old files in memory.
 */
type HeadOf = (source: ClusterSource) => ClusterSource;

function keptHeads(): HeadOf {
  const known = new Map<string, { text: string; head: ClusterSource }>();
  return keptFor((source: ClusterSource) => {
    const { file, cluster } = source;
    const { nodes } = cluster;
    // Only one that is alone is asked for by others; see podsOf().
    const kept = nodes.length === 1 ? nodes : [];
    const head = { file, cluster: { ...cluster, nodes: kept } };
    const text = JSON.stringify(head);
    const before = known.get(file);
    if (before?.text === text) return before.head;
    known.set(file, { text, head });
    return head;
  });
}

/** The same object as long as a file's networks are the same, whatever else it says. */
function keptNetworks(): typeof networksOf {
  const known = new Map<string, Networks>();
  return keptFor((source: ClusterSource) => {
    const networks = networksOf(source);
    const before = known.get(source.file);
    if (before !== undefined && sameNetworks(before, networks)) return before;
    known.set(source.file, networks);
    return networks;
  });
}

function sameNetworks(one: Networks, other: Networks): boolean {
  return (["pods", "services", "seen"] as const).every(
    (kind) =>
      one[kind].length === other[kind].length &&
      one[kind].every(({ text }, index) => text === other[kind][index]?.text),
  );
}

/**
 * A tunnel's SPIs are as they were where both ends' numbers are, and those are where the same nodes tie: then they are not worked out.
 * Where others tie, most tunnels have the same SPIs all the same.
 */
function keptKeyed(keep: typeof keptFor): MeshMemory["keyedOf"] {
  let latest!: NumbersOf;
  const bySpis = keep(keyTunnel);
  const one = keep((tunnel: Tunnel, keys: PreparedKeys, _ties: string) =>
    keyWithDerived([tunnel], keys, latest, bySpis),
  );
  const all = keptFor(
    (tunnels: readonly Tunnel[], keys: PreparedKeys, ties: string) =>
      tunnels.flatMap((tunnel) => one(tunnel, keys, ties)),
  );
  return (tunnels, keys, numbers) => {
    latest = numbers;
    return all(tunnels, keys, numbers[4].ties + numbers[6].ties);
  };
}

function keptOwn(headOf: HeadOf): MeshMemory["ownMember"] {
  const own = keptFor(
    (
      node: Node,
      head: ClusterSource,
      pods: string,
      networks: Networks | undefined,
    ) =>
      memberOf(head, node, {
        pods: inFamily(
          head.cluster,
          pods.split(" ").filter(Boolean).map(parseCidr),
        ),
        networks,
      }),
  );
  return (source, node, { pods, networks }) => {
    // They are found anew at each look.
    const texts = pods.map(({ text }) => text).join(" ");
    return own(node, headOf(source), texts, networks);
  };
}
