import { CniError, ErrorCode } from "../../cni/error.ts";
import { type Address, type Cidr, compareCidrs } from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { mainNode, type Member, membersOf, outerAddresses } from "./members.ts";
import { distinct, networksOf, seenFrom } from "./networks.ts";

/** A static route that a router outside of the clusters needs, to reach pods or services. */
export interface StaticRoute {
  readonly destination: Cidr;
  /** A node's private address, of the destination's family; undefined where the node has none. */
  readonly via: Address | undefined;
  readonly cluster: string;
  readonly node: string;
}

/** Where the routes start, and to where. */
export interface RouterPlace {
  /** The plain network whose router it is; its own networks need no routes. */
  readonly network?: string;
  /** Only to this cluster. */
  readonly cluster?: string;
}

/**
 * The routes that the router of a plain network needs toward the clusters, sorted: in p2p mode each node's pods
 * through that node, in gateway mode the whole cluster through its gateway. Addresses are those under which other
 * clusters see the pods.
 *
 * @throws CniError 7 for a name that no file has
 */
export function routerRoutes(
  clusters: readonly ClusterSource[],
  place: RouterPlace = {},
): StaticRoute[] {
  for (const name of [place.network, place.cluster])
    if (name !== undefined) requireCluster(clusters, name);
  return clusters
    .filter(
      ({ cluster }) =>
        cluster.name !== place.network &&
        (place.cluster === undefined || cluster.name === place.cluster),
    )
    .flatMap((source) => carriersOf(source).flatMap(routesThrough))
    .sort((a, b) => compareCidrs(a.destination, b.destination));
}

/** A node and what a router may send to it. */
type Carrier = Pick<Member, "source" | "node" | "pods" | "services">;

/**
 * Without the nodes' own CIDRs the whole cluster is behind one node, whose base CNI knows the rest of the way.
 * That serves an office; peers in other clusters need to know more.
 */
function carriersOf(source: ClusterSource): Carrier[] {
  const { cluster } = source;
  const networks = networksOf(source);
  const node = mainNode(source);
  if (node === undefined) return [];
  if (
    cluster.mode === "gateway" ||
    cluster.nodes.every((node) => node.podCIDRs !== undefined)
  )
    return membersOf(source, networks);
  return [{ source, node, ...networks }];
}

function routesThrough({
  source,
  node,
  pods,
  services,
}: Carrier): StaticRoute[] {
  const addresses = outerAddresses(node);
  const destinations = distinct([...pods.map(seenFrom(source)), ...services]);
  return destinations.map((destination) => ({
    destination,
    via: addresses.get(destination.family)?.address,
    cluster: source.cluster.name,
    node: node.name,
  }));
}

function requireCluster(
  clusters: readonly ClusterSource[],
  name: string,
): void {
  const names = clusters.map(({ cluster }) => cluster.name);
  if (names.includes(name)) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot print routes for "${name}": no cluster file has that name`,
    {
      details:
        names.length === 0
          ? "there is no cluster file: put them there, or name their folder with --clusters"
          : `the cluster files hold ${names.map((known) => `"${known}"`).join(", ")}: name one of these, as in \`crosslink routes ${String(names[0])}\``,
    },
  );
}
