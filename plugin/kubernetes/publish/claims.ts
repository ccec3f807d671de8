import { type Cidr, cidrContains, parseCidr } from "../../../ip/cidr.ts";
import { tryCluster } from "../../../conf/trial.ts";
import { listFault } from "../certificates/peer-list.ts";
import {
  type ClusterObject,
  type NodeEntry,
  type PeerSpec,
  type SliceObject,
  wordsOf,
} from "../kinds.ts";

/** Words of a peer that are taken from it. That it is encrypted, which cluster it is and who it may be is not its to say. */
const TAKEN = [
  "ca",
  "cni",
  "crl",
  "encap",
  "globalCIDRs",
  "ipFamily",
  "keying",
  "mode",
  "podCIDRs",
  "serviceCIDRs",
];

/** What a peer says of itself, once it is known that it may. */
export interface Claimed {
  readonly discovered: Readonly<Record<string, unknown>>;
  readonly nodes: readonly NodeEntry[];
}

/** Why nothing is taken from a peer: a word for programs, and a sentence. */
export interface RefusedClaim {
  readonly reason:
    | "RefusedName"
    | "RefusedClearText"
    | "RefusedNetworks"
    | "RefusedRevocations"
    | "Refused"
    | "Incomplete";
  readonly message: string;
}

/** A peer's own objects. */
interface Remote {
  readonly cluster: ClusterObject;
  readonly slices: readonly SliceObject[];
}

/** More than Kubernetes lets a cluster have. */
const MOST_NODES = 5_000;

/**
 * Looks at what a peer's API server says of the peer: all of it was written by others.
 *
 * @param name what this cluster calls the peer
 * @param remote the peer's own object of that name
 * @returns a refusal where it claims what it may not, or makes no sense
 */
export function readClaims(
  name: string,
  peer: Pick<PeerSpec, "allowedCIDRs">,
  remote: Remote,
): Claimed | RefusedClaim {
  const said = wordsOf(remote.cluster);
  const refusal = refusalOf(name, remote, said);
  if (refusal !== undefined) return refusal;
  const nodes = remote.slices.flatMap(({ spec }) =>
    spec.cluster === name ? spec.nodes : [],
  );
  if (nodes.length > MOST_NODES)
    return refuse("Refused", `it has more than ${MOST_NODES} nodes`);
  const discovered = Object.fromEntries(
    Object.entries(said).filter(([key]) => TAKEN.includes(key)),
  );
  const tried = tryCluster(name, { name, ...discovered, nodes });
  if (typeof tried === "string")
    return refuse("Refused", tried.replace(/^Cannot use "[^"]*": /, ""));
  const fault = listFault(tried.cluster);
  if (fault !== undefined) return refuse("RefusedRevocations", fault);
  const stray = strayIn(
    tried.effective.map(({ cidr }) => cidr),
    peer.allowedCIDRs,
  );
  if (stray !== undefined)
    return refuse(
      "RefusedNetworks",
      `it claims ${stray.text}, which is not within the allowedCIDRs (${peer.allowedCIDRs.join(", ")}); if it may, add it: kubectl edit cluster ${name}`,
    );
  return {
    discovered,
    nodes: tried.cluster.nodes.map((node) => ({ ...node })),
  };
}

function refusalOf(
  name: string,
  { cluster: { spec, status }, slices }: Remote,
  said: Readonly<Record<string, unknown>>,
): RefusedClaim | undefined {
  if (spec.local !== true)
    return refuse(
      "RefusedName",
      `its API server does not call itself "${name}": the URL is another cluster's, or it was renamed`,
    );
  if ((said["encryption"] ?? "esp") !== "esp")
    return refuse(
      "RefusedClearText",
      'it says "encryption": "none", which is never taken from a peer; what is to go in clear text this cluster\'s own admin says',
    );
  const count = slices.filter((slice) => slice.spec.cluster === name).length;
  const wanted = status.slices ?? 0;
  return count < wanted
    ? refuse("Incomplete", `${count} of its ${wanted} ClusterNodes are there`)
    : undefined;
}

function refuse(reason: RefusedClaim["reason"], message: string): RefusedClaim {
  return { reason, message };
}

/** The first network that lies in none of those allowed. */
function strayIn(
  claimed: readonly Cidr[],
  allowed: readonly string[],
): Cidr | undefined {
  const within = allowed.flatMap((text) => {
    try {
      return [parseCidr(text)];
    } catch {
      return [];
    }
  });
  return claimed.find(
    (cidr) => !within.some((around) => cidrContains(around, cidr)),
  );
}
