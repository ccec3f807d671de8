import { type Cidr, cidrContains } from "../../ip/cidr.ts";
import { distinctCidrs } from "../../ip/distinct.ts";
import type { Claim } from "../../conf/claims.ts";
import { heldBy, type Machine, type MachineNetwork, maybeOwn } from "./own.ts";
import type { FenceWill } from "./will.ts";

/** What an earlier look left behind. */
export interface Memory {
  /** The cluster that this node was found to be of. */
  readonly own?: string;
  readonly clusters: ReadonlyMap<string, Remembered>;
  /** When the newest of the files changed that this node was last set up by, in nanoseconds since 1970. */
  readonly newest?: bigint;
  /** Of the cluster files that this was remembered by. */
  readonly folder?: string;
  /** On a gateway, the pods of the nodes that it was one for; left out where there are none. */
  readonly leaves?: readonly Cidr[];
}

/** A cluster that was fenced. */
export interface Remembered {
  readonly cidrs: readonly Cidr[];
  /** Whether it was known then which cluster is the own one; else it may have been this one. */
  readonly sure: boolean;
}

/** Nothing was ever fenced here. */
export const NO_MEMORY: Memory = { clusters: new Map() };

/** What the fence follows from. */
export interface Circumstances {
  /** Of every file that could be read, if only in part. */
  readonly claims: readonly Claim[];
  /** The own cluster's name, where the files leave no doubt. */
  readonly own: string | undefined;
  /**
   * Whether the claims are all that there is: every file valid, the own cluster known, all read under the node's lock. Only
   * then do they take anything down.
   */
  readonly settled: boolean;
  readonly memory: Memory;
  readonly machine: Machine;
}

/** A remote CIDR that cannot be linked, since it holds something of this machine. */
export interface Refusal {
  readonly cluster: string;
  readonly cidr: Cidr;
  readonly holds: MachineNetwork;
}

/** What is to be fenced, and to be remembered. */
export interface Decision {
  readonly will: FenceWill;
  /** What will be remembered, and so what is fenced, cluster by cluster. */
  readonly memory: Memory;
  /** Clusters that are fenced and that no file speaks of. */
  readonly unlinked: readonly string[];
  readonly refusals: readonly Refusal[];
}

/**
 * What is to be fenced: what the files say, and what was fenced before. Pure.
 *
 * Of what was fenced, only explicit words release something: a cluster's file that names other CIDRs, unless a program has
 * written it of nodes alone, or says `"encryption": "none"`, or is the own cluster's; and those only where everything else is known too.
 */
export function decide(circumstances: Circumstances): Decision {
  const { claims, memory, machine } = circumstances;
  const own = ownClusters(circumstances);
  const remotes = claims.filter(({ name }) => !own.has(name));
  const fencing = isPlain(claims, own)
    ? []
    : remotes.filter(({ encrypted }) => encrypted);
  const refusals = fencing.flatMap((claim) => refusalsOf(claim, machine));
  const settled = circumstances.settled && refusals.length === 0;
  const clusters = new Map<string, Remembered>();
  for (const [name, old] of memory.clusters) {
    const isOwn = own.has(name);
    const isClaimed = claims.some((claim) => claim.name === name);
    const linked = fencing.find((claim) => claim.name === name);
    const cidrs =
      settled && (isOwn || isClaimed)
        ? vanishedOf(old, linked, circumstances)
        : keptOf(old, { machine, settled, isOwn });
    if (cidrs.length > 0) clusters.set(name, { ...old, cidrs });
  }
  for (const claim of fencing) add(clusters, claim, circumstances);
  return {
    ...outcome(circumstances, { clusters, settled }),
    refusals,
  };
}

/** Adds what a file asks for to what is fenced. */
function add(
  clusters: Map<string, Remembered>,
  { name, seen }: Claim,
  { own, machine }: Circumstances,
): void {
  const old = clusters.get(name);
  const fresh = seen.filter((cidr) => heldBy(cidr, machine) === undefined);
  const cidrs = distinctCidrs([...(old?.cidrs ?? []), ...fresh]);
  const sure = own !== undefined || old?.sure === true;
  if (cidrs.length > 0) clusters.set(name, { cidrs, sure });
}

function outcome(
  { claims, own, memory }: Circumstances,
  {
    clusters,
    settled,
  }: {
    readonly clusters: ReadonlyMap<string, Remembered>;
    readonly settled: boolean;
  },
): Omit<Decision, "refusals"> {
  const wanted = distinctCidrs(
    [...clusters.values()].flatMap(({ cidrs }) => cidrs),
  );
  const still = new Set(wanted.map(({ text }) => text));
  const before = [...memory.clusters.values()].flatMap(({ cidrs }) => cidrs);
  const spoken = settled ? claims.flatMap(openedBy(own)) : [];
  const named = new Set(claims.map(({ name }) => name));
  const { newest, folder } = memory;
  const ownName = own ?? memory.own;
  return {
    will: {
      wanted,
      released: distinctCidrs([...before, ...spoken]).filter(
        ({ text }) => !still.has(text),
      ),
    },
    memory: {
      clusters,
      ...(ownName === undefined ? {} : { own: ownName }),
      ...(newest === undefined ? {} : { newest }),
      ...(folder === undefined ? {} : { folder }),
    },
    unlinked: [...clusters.keys()].filter((name) => !named.has(name)),
  };
}

/** What the files say is the own cluster's, or plain. */
function openedBy(own: string | undefined): (claim: Claim) => readonly Cidr[] {
  return ({ name, encrypted, seen, pods }) =>
    name === own || !encrypted ? [...seen, ...pods] : [];
}

/**
 * One where it is known, by the files or by an earlier look; else all that there is evidence for. Where no file is of the
 * one that was known, it may have another name now; but what was fenced for certain is not it.
 */
function ownClusters({
  claims,
  own,
  memory,
  machine,
}: Circumstances): ReadonlySet<string> {
  if (own !== undefined) return new Set([own]);
  if (memory.own === undefined) return maybeOwn(claims, machine);
  if (claims.some(({ name }) => name === memory.own))
    return new Set([memory.own]);
  const renamed = [...maybeOwn(claims, machine)].filter(
    (name) => memory.clusters.get(name)?.sure !== true,
  );
  return new Set([memory.own, ...renamed]);
}

/** Whether the own cluster's file says that nothing here is encrypted. */
function isPlain(claims: readonly Claim[], own: ReadonlySet<string>): boolean {
  const found = claims.filter(({ name }) => own.has(name));
  return found.length > 0 && found.every(({ encrypted }) => !encrypted);
}

/**
 * What stays fenced of a cluster whose file counts: its CIDRs as they are now come from there, so nothing but what a program's file
 * no longer names, and no other file opens.
 */
function vanishedOf(
  { cidrs }: Remembered,
  linked: Claim | undefined,
  { claims, own, machine }: Circumstances,
): readonly Cidr[] {
  if (linked?.onlyAdds !== true) return [];
  const named = new Set(linked.seen.map(({ text }) => text));
  const vanished = cidrs.filter(
    (cidr) => !named.has(cidr.text) && heldBy(cidr, machine) === undefined,
  );
  if (vanished.length === 0) return [];
  const opened = claims.flatMap(openedBy(own));
  return vanished.filter(
    (cidr) =>
      !opened.some(
        (other) => cidrContains(other, cidr) || cidrContains(cidr, other),
      ),
  );
}

/** What stays fenced of any other cluster that was fenced. */
function keptOf(
  { cidrs, sure }: Remembered,
  {
    settled,
    isOwn,
    machine,
  }: {
    readonly settled: boolean;
    readonly isOwn: boolean;
    readonly machine: Machine;
  },
): readonly Cidr[] {
  if (settled || sure) return cidrs;
  return isOwn
    ? []
    : cidrs.filter((cidr) => heldBy(cidr, machine) === undefined);
}

function refusalsOf({ name, seen }: Claim, machine: Machine): Refusal[] {
  return seen.flatMap((cidr) => {
    const holds = heldBy(cidr, machine);
    return holds === undefined ? [] : [{ cluster: name, cidr, holds }];
  });
}
