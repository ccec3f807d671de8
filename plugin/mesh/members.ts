import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  type Address,
  type Cidr,
  parseAddress,
  parseCidr,
} from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Node } from "../../conf/generated/cluster.ts";
import { bindEnd, type TunnelEnd } from "./ipsec/keys.ts";
import { distinct, inFamily, type Networks } from "./networks.ts";

/** A node's addresses of one family. */
export interface OuterAddress {
  readonly address: Address;
  readonly elastic?: Address;
}

/** The same, with what the keys know the node by. */
export interface OuterEnd extends OuterAddress {
  readonly end: TunnelEnd;
}

/** Those of a node. A Map would take five times as much memory, and there is one a node. */
export class NodeEnds {
  readonly #ipv4: OuterEnd | undefined;
  readonly #ipv6: OuterEnd | undefined;

  constructor(ipv4: OuterEnd | undefined, ipv6: OuterEnd | undefined) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  get(family: 4 | 6): OuterEnd | undefined {
    return family === 4 ? this.#ipv4 : this.#ipv6;
  }

  has(family: 4 | 6): boolean {
    return this.get(family) !== undefined;
  }
}

/** A node that ends tunnels, with what it carries through them, in its cluster's own addresses. */
export interface Member {
  readonly source: ClusterSource;
  readonly node: Node;
  readonly addresses: NodeEnds;
  readonly pods: readonly Cidr[];
  readonly services: readonly Cidr[];
  /**
   * Pods behind the carried services, on whatever node. Their answers pass this node with the pod's address, and
   * only after POSTROUTING with the service's.
   */
  readonly backends: readonly Cidr[];
}

/**
 * The nodes of a cluster that end its tunnels: all of them in p2p mode, in gateway mode the gateway in use: the one that the
 * file calls active, else the first by its order. `serviceCIDRs` belong to that gateway; in p2p mode to the first node with
 * `"gateway": true`, else to the first node.
 *
 * @throws CniError 7 for a gateway-mode cluster without a gateway, and for a p2p node whose pod CIDRs are not known
 */
export function membersOf(
  source: ClusterSource,
  networks: Networks,
  make: MakeMember = listedMember,
): Member[] {
  if (source.cluster.mode === "gateway") {
    const node = activeGateway(source);
    return [memberOf(source, node, { pods: networks.pods, networks })];
  }
  const carrier = mainNode(source);
  return source.cluster.nodes.map((node) =>
    make(source, node, node === carrier ? networks : undefined),
  );
}

/** The other declared gateways of a gateway-mode cluster, each as it would be if it were the one in use; none in p2p mode. */
export function standbysOf(
  source: ClusterSource,
  networks: Networks,
): Member[] {
  const { mode, nodes } = source.cluster;
  if (mode !== "gateway") return [];
  const active = firstGateway(source);
  return nodes
    .filter((node) => node.gateway && node !== active)
    .map((node) => memberOf(source, node, { pods: networks.pods, networks }));
}

/** Makes a member of a p2p cluster, as its file has it; services come with `networks`. */
export type MakeMember = (
  source: ClusterSource,
  node: Node,
  networks: Networks | undefined,
  addresses?: Member["addresses"],
) => Member;

/** See {@link MakeMember}. @throws CniError 7 where the file leaves its pods open */
export const listedMember: MakeMember = (source, node, networks, addresses) =>
  memberOf(source, node, { pods: podsOf(source, node), networks }, addresses);

/** Whether this node of a p2p cluster is the one that serves its services. */
export function carriesServices(source: ClusterSource, node: Node): boolean {
  return node === mainNode(source);
}

/**
 * The gateway in use of a gateway-mode cluster.
 *
 * @throws CniError 7 where no node has `"gateway": true`
 */
export function activeGateway(source: ClusterSource): Node {
  const gateway = firstGateway(source);
  if (gateway !== undefined) return gateway;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot link cluster "${source.cluster.name}": its mode is "gateway" and it has no gateway`,
    {
      details: `${source.file}: /nodes. Set "gateway": true at one of the nodes, or "mode": "p2p"`,
    },
  );
}

/** Reads a node's first address of each family, and its elastic address. */
export function outerAddresses(node: Node): Map<4 | 6, OuterAddress> {
  const elastic =
    node.elasticIP === undefined ? undefined : parseAddress(node.elasticIP);
  const found = new Map<4 | 6, OuterAddress>();
  for (const address of node.ips.map(parseAddress)) {
    if (found.has(address.family)) continue;
    found.set(
      address.family,
      elastic?.family === address.family ? { address, elastic } : { address },
    );
  }
  return found;
}

/** Each of a node's first addresses of a family, bound to its names. */
export function outerEnds({ cluster }: ClusterSource, node: Node): NodeEnds {
  const outer = outerAddresses(node);
  const endOf = (family: 4 | 6): OuterEnd | undefined => {
    const found = outer.get(family);
    return found && boundEnd(cluster.name, node.name, found);
  };
  return new NodeEnds(endOf(4), endOf(6));
}

function boundEnd(
  cluster: string,
  node: string,
  { address, elastic }: OuterAddress,
): OuterEnd {
  const names = { cluster, node, address: address.text };
  return elastic === undefined
    ? { address, end: bindEnd(names) }
    : {
        address,
        elastic,
        end: bindEnd({ ...names, elasticIP: elastic.text }),
      };
}

/** A node with what it carries; services come with `networks`. */
export function memberOf(
  source: ClusterSource,
  node: Node,
  carried: { pods: readonly Cidr[]; networks?: Networks | undefined },
  addresses: Member["addresses"] = outerEnds(source, node),
): Member {
  const services = carried.networks?.services ?? [];
  return {
    source,
    node,
    addresses,
    pods: distinct(carried.pods),
    services,
    backends: services.length > 0 ? (carried.networks?.pods ?? []) : [],
  };
}

/** The gateway in use; where none is declared the first node. */
export function mainNode(source: ClusterSource): Node | undefined {
  return firstGateway(source) ?? source.cluster.nodes[0];
}

function firstGateway({ cluster }: ClusterSource): Node | undefined {
  const gateways = cluster.nodes.filter(({ gateway }) => gateway);
  return gateways.find(({ active }) => active === true) ?? gateways[0];
}

/**
 * The pod CIDRs of a node: its share as the file has it, or all of the cluster's where it is the only node.
 *
 * @throws CniError 7 where the file leaves them open
 */
export function podsOf({ cluster, file }: ClusterSource, node: Node): Cidr[] {
  const only =
    cluster.nodes.length === 1 && cluster.podCIDRs.length > 0
      ? cluster.podCIDRs
      : undefined;
  const texts = node.podCIDRs ?? only;
  if (texts !== undefined) return inFamily(cluster, texts.map(parseCidr));
  const [why, otherwise] =
    cluster.mode === "gateway"
      ? [
          "its gateway encrypts what goes to each node for that node",
          ", an empty list where it has no pods",
        ]
      : [
          `in mode "p2p" every node's packets go to that node itself`,
          ', or set "mode": "gateway"',
        ];
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot tell which pods of cluster "${cluster.name}" are on node "${node.name}"`,
    {
      details: `${file} gives the node no podCIDRs, and ${why}. Give each node its podCIDRs${otherwise}`,
    },
  );
}
