import type { Cidr } from "../../../ip/cidr.ts";
import { formatAddress } from "../../../native/index.ts";
import { networksOf } from "../../mesh/networks.ts";
import type { RemoteRoute } from "../../mesh/state.ts";
import type { LinkedNode } from "../linked.ts";
import { canLead } from "../next-hop.ts";

/** A remote network, and what its packets have to go by. */
export interface Target {
  readonly destination: Cidr;
  readonly cluster: string;
  /** Of a plain network. Undefined: any way will do, as tunnels have their own. */
  readonly router?: Uint8Array;
  /** Where no router of a plain network can lead there, so that there is no route of ours. */
  readonly unled?: Unled;
}

/** Why, and what else would be a way. */
interface Unled {
  readonly byDefault: boolean;
  readonly why: string;
  readonly remedy: string;
}

/** All remote networks of a node. */
export function targetsOf({ mesh, clusters }: LinkedNode): Target[] {
  const routed = mesh.routes.map(targetOf);
  const known = new Set(routed.map(({ destination }) => destination.text));
  const others = new Map<string, Cidr>();
  for (const { remote } of mesh.exemptions)
    if (!known.has(remote.text)) others.set(remote.text, remote);
  if (others.size === 0) return routed;
  const unrouted = clusters.flatMap((source) =>
    networksOf(source)
      .seen.filter(({ text }) => others.has(text))
      .map((destination) => ({
        destination,
        cluster: source.cluster.name,
        ...(source.cluster.encryption === "none"
          ? { unled: withoutRouter(source.file) }
          : {}),
      })),
  );
  return [...routed, ...unrouted];
}

function targetOf({ destination, cluster, kind, via }: RemoteRoute): Target {
  if (kind === "peer") return { destination, cluster };
  return canLead(via, destination)
    ? { destination, cluster, router: via }
    : { destination, cluster, unled: ofOtherFamily(via, destination) };
}

function ofOtherFamily(via: Uint8Array, { text }: Cidr): Unled {
  return {
    byDefault: false,
    why: `its router ${formatAddress(via)} has no IPv6 address in its file`,
    remedy: `give the router an IPv6 address in "ips", or set a route: \`ip -6 route add ${text} via ROUTER\``,
  };
}

function withoutRouter(file: string): Unled {
  return {
    byDefault: true,
    why: `${file} names no router for it, and no route leads there`,
    remedy: `give the cluster a node, whose "ips" are its router's`,
  };
}
