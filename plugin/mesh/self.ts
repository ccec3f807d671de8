import {
  type Address,
  addressFromBytes,
  parseCidr,
  addressInCidr,
} from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Evidence, Self, SelfHints } from "./evidence.ts";
import { contradiction, moved, unknown } from "./self-words.ts";

export type { Self, SelfHints } from "./evidence.ts";

/** Addresses that every machine has, or that mean nothing beyond a link: they tell none from another. */
const MEANINGLESS = ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"];

/**
 * Finds this node's own entry: the one that a name fits (`node`, and no other name where that is given; else NODE_NAME,
 * else the host name) and that has an address of this machine. Where no name fits, the address alone tells. So it does where
 * the host name is by chance that of a node in another cluster; other contradictions are somebody's mistake.
 *
 * @throws CniError 7 where none or several fit, or where name and addresses contradict each other; it names the entries
 */
export function selectSelf(
  clusters: readonly ClusterSource[],
  hints: SelfHints,
): Self {
  const entries = clusters.flatMap((source) =>
    source.cluster.nodes.map((node) => ({ source, node })),
  );
  const addresses = telling(hints.addresses);
  const here = withAddress(entries, addresses);
  const named = byName(entries, hints);
  const evidence = { hints, addresses, here, named };
  const both = named.found.filter((entry) => here.includes(entry));
  const [self, ...others] = both.length > 0 ? both : decide(evidence);
  if (self !== undefined && others.length === 0) return self;
  const isUnknown =
    named.found.length === 0 && (here.length === 0 || hints.node !== undefined);
  throw isUnknown ? unknown(entries, evidence) : contradiction(evidence);
}

/**
 * Refuses an entry of which a name alone says that it is this node's. A machine without an address of its own contradicts
 * nobody.
 *
 * @throws CniError 7 with both
 */
export function requireAddressHere(
  { source, node }: Self,
  all: readonly Uint8Array[],
): void {
  const addresses = telling(all);
  const here = withAddress([{ source, node }], addresses);
  if (addresses.length > 0 && here.length === 0)
    throw moved({ source, node }, addresses);
}

/** Which entry it is where no entry has both: none where that cannot be told. */
function decide({ hints, here, named }: Evidence): readonly Self[] {
  const { what, found } = named;
  if (found.length === 0) return hints.node === undefined ? here : [];
  // Whether it is told by its own addresses too is asked of who needs them: requireAddressHere().
  if (here.length === 0) return found;
  const isChance =
    what === "host name" &&
    here.length === 1 &&
    found.every(({ source }) => source !== here[0]?.source);
  return isChance ? here : [];
}

/** The first name that fits an entry, or the first of all where none does. */
function byName(entries: readonly Self[], hints: SelfHints): Evidence["named"] {
  const names: { what: Evidence["named"]["what"]; name: string }[] =
    hints.node === undefined
      ? [
          { what: "NODE_NAME", name: hints.nodeName ?? "" },
          { what: "host name", name: hints.hostName },
          // Kubernetes lowers the case of a host name before it makes it a node's name.
          { what: "host name", name: hints.hostName.toLowerCase() },
        ]
      : [{ what: "node", name: hints.node }];
  const tried = names
    .filter(({ name }) => name !== "")
    .map(({ what, name }) => ({
      what,
      name,
      found: entries.filter(({ node }) => node.name === name),
    }));
  const none = { what: "host name" as const, name: "", found: [] };
  return tried.find(({ found }) => found.length > 0) ?? tried[0] ?? none;
}

function withAddress(
  entries: readonly Self[],
  addresses: readonly Address[],
): readonly Self[] {
  const own = new Set(addresses.map(({ text }) => text));
  return entries.filter(({ node }) =>
    // In files that were read they are in their canonical spelling.
    node.ips.some((ip) => own.has(ip)),
  );
}

function telling(addresses: readonly Uint8Array[]): readonly Address[] {
  const meaningless = MEANINGLESS.map(parseCidr);
  return addresses
    .filter((bytes) => !meaningless.some((cidr) => addressInCidr(bytes, cidr)))
    .map(addressFromBytes);
}
