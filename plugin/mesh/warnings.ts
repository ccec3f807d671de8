import { type Cidr, cidrContains, parseCidr } from "../../ip/cidr.ts";
import type { KeyringOf } from "./keyring-of.ts";
import type { TunnelEnd } from "./ipsec/keys.ts";
import { authorityDifference, keyingDifference } from "./keying.ts";
import type { NumbersOf } from "./senders.ts";
import type { Tunnel } from "./tunnels.ts";
import type { Member } from "./members.ts";
import type { Self } from "./self.ts";

/** What the warnings look at. */
export interface WarningFacts {
  readonly self: Self;
  /** What this node carries. */
  readonly pods: readonly Cidr[];
  /** In lists that are kept, as the tunnels: those with peers of one cluster, which have one keyring and one keying. */
  readonly peers: readonly (readonly Member[])[];
  readonly lists: readonly (readonly Tunnel[])[];
  readonly keyringOf: KeyringOf;
  readonly numbers: NumbersOf;
}

/** Looks through lists: whoever remembers what it found looks at changed ones alone. */
export interface ListLooks {
  readonly without: typeof membersWithout;
  /** The same object for what says the same. */
  readonly tiedAs: (tied: ReadonlySet<string>) => ReadonlySet<string>;
  readonly boundsIn: typeof boundsIn;
}

/** What works less well than the files suggest, each in one sentence that says what to do. */
export function warningsOf(facts: WarningFacts, looks: ListLooks): string[] {
  return [
    ...unknownToOthers(facts),
    ...unreachable(facts, looks),
    ...bothInitiate(facts),
    ...sharedKey(facts),
    ...displaced(facts, looks),
    ...differentKeying(facts),
  ];
}

/** Other clusters know this node's pods from the files alone; in gateway mode, the whole cluster's. */
function unknownToOthers({ self, pods }: WarningFacts): string[] {
  const { cluster } = self.source;
  const own = cluster.mode === "gateway" ? undefined : self.node.podCIDRs;
  const listed = (own ?? cluster.podCIDRs).map(parseCidr);
  return pods
    .filter((cidr) => !listed.some((known) => cidrContains(known, cidr)))
    .map(
      (cidr) =>
        `Pods in ${cidr.text} cannot be reached from other clusters: add it to the podCIDRs of node "${self.node.name}" in ${self.source.file}`,
    );
}

/** The peer's CIDRs are blocked all the same. */
function unreachable(
  { self, peers, lists }: WarningFacts,
  { without }: ListLooks,
): string[] {
  const [four, six] = [hasAddress(self, 4), hasAddress(self, 6)];
  const apart = peers.flatMap((members) => without(members, four, six));
  if (apart.length === 0) return [];
  const linked = new Set(lists.flat().map(({ peer }) => peer));
  return apart
    .filter((peer) => !linked.has(peer))
    .map(
      ({ node, source }) =>
        `No tunnel to node "${node.name}" of cluster "${source.cluster.name}": it and this node have no addresses of one family; give one of them another in "ips"`,
    );
}

/** Those that have no address of a family that is asked for. */
export function membersWithout(
  members: readonly Member[],
  four: boolean,
  six: boolean,
): readonly Member[] {
  return members.filter(
    ({ addresses }) =>
      !((four && addresses.has(4)) || (six && addresses.has(6))),
  );
}

/** Each waits for the other. */
function bothInitiate({ self, lists }: WarningFacts): string[] {
  if (self.node.initiate !== true) return [];
  return lists
    .flat()
    .filter(
      ({ own, initiator }) =>
        own.node.initiate === true && initiator === "peer",
    )
    .map(
      ({ peer: { node, source } }) =>
        `No tunnel to node "${node.name}" of cluster "${source.cluster.name}": it and node "${self.node.name}" both have "initiate": true, so neither can be reached; give one of them an elasticIP instead`,
    );
}

function hasAddress(self: Self, family: 4 | 6): boolean {
  return self.node.ips.some((ip) => ip.includes(":") === (family === 6));
}

function sharedKey({ keyringOf, lists }: WarningFacts): string[] {
  const sharing = Map.groupBy(lists, ([first]) => first && keyringOf(first));
  return [...sharing].flatMap(([keyring, among]) =>
    keyring?.kind === "static" ? sharedAmong(among.flat()) : [],
  );
}

function sharedAmong(tunnels: readonly Tunnel[]): string[] {
  const nodes = new Set(tunnels.map(({ peer }) => peer.node)).size;
  if (nodes < 2) return [];
  return [
    `All ${String(nodes)} peers share the keyring's one static key, so each can pass for any other: use "keys" in the keyring, which derives one for each direction of each tunnel`,
  ];
}

/** See numberSenders() in ipsec/sender-numbers.ts: harmless as long as all nodes read the same files. */
function displaced(
  { keyringOf, lists, numbers }: WarningFacts,
  { tiedAs, boundsIn: among }: ListLooks,
): string[] {
  if (lists.every(({ length }) => length === 0)) return [];
  const ties = ([4, 6] as const).flatMap((family) => numbers[family].displaced);
  if (ties.length === 0) return [];
  const tied = tiedAs(new Set(ties.map(({ end }) => end.bound)));
  const derived = lists.filter(
    ([first]) => first && keyringOf(first)?.kind === "keys",
  );
  const involved = new Set(derived.flatMap((list) => among(list, tied)));
  return ties
    .filter(({ end }) => involved.has(end.bound))
    .map(
      ({ end, by }) =>
        `Nodes "${nameOf(by)}" and "${nameOf(end)}" tie for an SPI, and the latter took its next choice: its packets may be dropped until all nodes have the same cluster files`,
    );
}

/** What ends of these tunnels are bound as, where that is one of those. */
export function boundsIn(
  tunnels: readonly Tunnel[],
  tied: ReadonlySet<string>,
): readonly string[] {
  const bounds = tunnels.flatMap(({ ends }) =>
    [ends.own.bound, ends.peer.bound].filter((bound) => tied.has(bound)),
  );
  return [...new Set(bounds)];
}

function differentKeying({ lists }: WarningFacts): string[] {
  const sentences = lists.flatMap(([first]) =>
    first === undefined
      ? []
      : [authorityDifference(first), keyingDifference(first)],
  );
  return [...new Set(sentences)].filter((each) => each !== undefined);
}

function nameOf({ cluster, node }: TunnelEnd): string {
  return `${cluster}/${node}`;
}
