import { type Cidr, cidrContains, parseCidr } from "../../ip/cidr.ts";
import type { KeyringOf } from "./keyring-of.ts";
import type { TunnelEnd } from "./ipsec/keys.ts";
import { keyingDifference } from "./keying.ts";
import type { NumbersOf } from "./senders.ts";
import type { Tunnel } from "./tunnels.ts";
import type { Member } from "./members.ts";
import type { Self } from "./self.ts";

/** What the warnings look at. */
export interface WarningFacts {
  readonly self: Self;
  /** What this node carries. */
  readonly pods: readonly Cidr[];
  readonly peers: readonly Member[];
  readonly tunnels: readonly Tunnel[];
  readonly keyringOf: KeyringOf;
  readonly numbers: NumbersOf;
}

/** What works less well than the files suggest, each in one sentence that says what to do. */
export function warningsOf(facts: WarningFacts): string[] {
  return [
    ...unknownToOthers(facts),
    ...unreachable(facts),
    ...bothInitiate(facts),
    ...sharedKey(facts),
    ...displaced(facts),
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
function unreachable({ self, peers, tunnels }: WarningFacts): string[] {
  const families = ([4, 6] as const).filter((one) => hasAddress(self, one));
  const apart = peers.filter(
    ({ addresses }) => !families.some((family) => addresses.has(family)),
  );
  if (apart.length === 0) return [];
  const linked = new Set(tunnels.map(({ peer }) => peer));
  return apart
    .filter((peer) => !linked.has(peer))
    .map(
      ({ node, source }) =>
        `No tunnel to node "${node.name}" of cluster "${source.cluster.name}": it and this node have no addresses of one family; give one of them another in "ips"`,
    );
}

/** Each waits for the other. */
function bothInitiate({ self, tunnels }: WarningFacts): string[] {
  return tunnels
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

function sharedKey({ keyringOf, tunnels }: WarningFacts): string[] {
  const sharing = Map.groupBy(tunnels, keyringOf);
  return [...sharing].flatMap(([keyring, among]) =>
    keyring?.kind === "static" ? sharedAmong(among) : [],
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
function displaced({ keyringOf, tunnels, numbers }: WarningFacts): string[] {
  if (tunnels.length === 0) return [];
  const ties = ([4, 6] as const).flatMap((family) => numbers[family].displaced);
  const tied = new Set(ties.map(({ end }) => end.bound));
  const involved = new Set<string>();
  for (const tunnel of tunnels) {
    const { own, peer } = tunnel.ends;
    const bounds = [own.bound, peer.bound].filter((bound) => tied.has(bound));
    if (bounds.length > 0 && keyringOf(tunnel)?.kind === "keys")
      for (const bound of bounds) involved.add(bound);
  }
  return ties
    .filter(({ end }) => involved.has(end.bound))
    .map(
      ({ end, by }) =>
        `Nodes "${nameOf(by)}" and "${nameOf(end)}" tie for an SPI, and the latter took its next choice: its packets may be dropped until all nodes have the same cluster files`,
    );
}

function differentKeying({ tunnels }: WarningFacts): string[] {
  const sentences = tunnels.map(keyingDifference);
  return [...new Set(sentences)].filter((each) => each !== undefined);
}

function nameOf({ cluster, node }: TunnelEnd): string {
  return `${cluster}/${node}`;
}
