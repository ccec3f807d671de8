import { addressInCidr, type Cidr, mapAddress } from "../../ip/cidr.ts";
import {
  type ConntrackClient,
  type ConntrackEntry,
  IPS_SRC_NAT,
  NetlinkError,
  openConntrack,
  sameBytes,
} from "../../native/index.ts";
import { inNamespace, type Kernel, using } from "../kernel/kernel.ts";
import { FAMILIES, traitsOf } from "./base/family.ts";
import type { NetworkPair } from "../mesh/state.ts";

/**
 * Deletes the connections between these networks whose source was rewritten before their exemption: the kernel asks the
 * rules only for a connection's first packet. Returns how many. Connections of others, and without a source NAT, stay.
 */
export function forgetMappings(
  kernel: Kernel,
  pairs: readonly NetworkPair[],
): number {
  if (pairs.length === 0) return 0;
  try {
    return forgetAll(kernel, pairs);
  } catch (error) {
    // Without ctnetlink nobody can list or delete connections: their mappings end with them.
    if (error instanceof NetlinkError && ABSENT.includes(error.code)) return 0;
    throw error;
  }
}

const ABSENT = ["EINVAL", "EOPNOTSUPP"];

function forgetAll(kernel: Kernel, pairs: readonly NetworkPair[]): number {
  return using(openConntrack(kernel.binding, inNamespace(kernel)), (client) =>
    FAMILIES.map((family) =>
      forgetFamily(
        client,
        traitsOf(family).number,
        pairs.filter(({ local }) => local.family === family),
      ),
    ).reduce((total, count) => total + count, 0),
  );
}

function forgetFamily(
  client: ConntrackClient,
  family: number,
  pairs: readonly NetworkPair[],
): number {
  if (pairs.length === 0) return 0;
  const isStale = staleness(pairs);
  const entries = client.entries(family, { status: IPS_SRC_NAT });
  return client.deleteAll(entries.filter(isStale));
}

/** Both directions of a connection. */
type Directions = Pick<ConntrackEntry, "original" | "reply">;

/** Tells connections of these pairs whose source is another than it should be. */
export function staleness(
  pairs: readonly NetworkPair[],
): (entry: Directions) => boolean {
  const paths = pathsOf(pairs);
  return ({ original, reply }) => {
    // Behind a service's address the far end is who answers.
    const [from, to] = [original.source, reply.source];
    const end = paths
      .filter(({ source }) => addressInCidr(from, source))
      .flatMap(({ ends }) => ends)
      .find(({ network }) => addressInCidr(to, network));
    if (end === undefined) return false;
    return !sameBytes(reply.destination, end.answersTo(from));
  };
}

interface Path {
  readonly source: Cidr;
  readonly ends: PathEnd[];
}

interface PathEnd {
  readonly network: Cidr;
  /** The address that the far end is to see. */
  readonly answersTo: (source: Uint8Array) => Uint8Array;
}

function pathsOf(pairs: readonly NetworkPair[]): Path[] {
  const paths = new Map<string, Path>();
  const add = (source: Cidr, end: PathEnd) => {
    const path = paths.get(source.text) ?? { source, ends: [] };
    path.ends.push(end);
    paths.set(source.text, path);
  };
  for (const { local, remote, global } of pairs) {
    add(local, {
      network: remote,
      answersTo: (own) =>
        global === undefined ? own : mapAddress(own, local, global).bytes,
    });
    add(remote, { network: local, answersTo: (theirs) => theirs });
  }
  return [...paths.values()];
}
