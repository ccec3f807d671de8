import type { NetworkConfiguration } from "../../conf/network.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { keyringsOfClusters } from "../../conf/keyrings.ts";
import { parseAddress } from "../../ip/cidr.ts";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { formatAddress, type RouteClient } from "../../native/index.ts";
import { findLocalCidrs, type LocalCidr } from "../discovery/local-cidrs.ts";
import type { MeshInput } from "../mesh/desired.ts";
import { requireAddressHere, type Self, selectSelf } from "../mesh/self.ts";
import type { DesiredMesh, Peer } from "../mesh/state.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import type { MeshReader } from "./reader.ts";

/** What a machine says of itself, for finding its entry in the cluster files. */
export interface Host {
  /** The environment's NODE_NAME. */
  readonly nodeName: string | undefined;
  readonly hostName: string;
}

/** This node's place in the mesh, worked out from files and the node's own addresses. */
export interface LinkedNode {
  readonly clusters: readonly ClusterSource[];
  readonly self: Self;
  readonly localCidrs: readonly LocalCidr[];
  readonly mesh: DesiredMesh;
}

/** The peers of this node's own cluster: a leaf's gateway, or a gateway's leaves. */
export function companionsOf({ self, mesh }: LinkedNode): readonly Peer[] {
  const { name } = self.source.cluster;
  return mesh.peers.filter(({ cluster }) => cluster === name);
}

/** What a node follows from, once its files are read and it is found in them. */
export interface FoundNode {
  readonly clusters: readonly ClusterSource[];
  readonly self: Self;
  readonly config: NetworkConfiguration;
  readonly reader: MeshReader;
  /** Asked only where there is a peer that initiates. */
  readonly whereabouts: () => Whereabouts;
}

/**
 * Works out what this node should be; changes nothing.
 *
 * @throws CniError 7 for a bad keyring, files that contradict each other, or no pod CIDR; 11 where one may come by itself
 */
export function linkNode(
  { clusters, self, config, reader, whereabouts }: FoundNode,
  route: RouteClient,
): LinkedNode {
  const localCidrs = findLocalCidrs(self, route);
  const mesh = reader.mesh({
    clusters,
    self,
    localCidrs: localCidrs.map(({ cidr }) => cidr),
    ...keyringsFor(config, clusters, { self, reader }),
    ...(clusters.some(hasInitiator)
      ? {
          whereabouts: new Map([
            ...whereabouts(),
            ...ownWhereabouts(self, clusters, route),
          ]),
        }
      : {}),
  });
  requireLocalEnds(mesh, route);
  requireOwnAddress(self, route);
  return { clusters, self, localCidrs, mesh };
}

/** Which address this node has, where it initiates and no longer has the one of its entry: the one by which it reaches others. */
function ownWhereabouts(
  { source, node }: Self,
  clusters: readonly ClusterSource[],
  route: RouteClient,
): (readonly [string, Uint8Array])[] {
  const [ip] = node.ips;
  const present = ownAddresses(route).map(formatAddress);
  if (node.initiate !== true || present.includes(ip)) return [];
  const others = clusters
    .filter((each) => each !== source)
    .flatMap(({ cluster }) => cluster.nodes)
    .map(({ elasticIP, ips }) => parseAddress(elasticIP ?? ips[0]))
    .filter(({ family }) => family === parseAddress(ip).family)
    .map(({ bytes }) => bytes);
  const [found] = route
    .getRoutes(others)
    .flatMap((each) => each?.preferredSource ?? []);
  return found === undefined
    ? []
    : [[`${node.name}.${source.cluster.name}`, found]];
}

function hasInitiator({ cluster }: ClusterSource): boolean {
  return cluster.nodes.some(({ initiate }) => initiate === true);
}

/** A tunnel from an address that no device here has never carries a packet (XfrmOutBundleGenError). */
function requireLocalEnds({ peers }: DesiredMesh, route: RouteClient): void {
  const present = new Set(
    route.addresses().map(({ address }) => formatAddress(address)),
  );
  const missing = [...new Set(peers.map(({ local }) => local))]
    .map(formatAddress)
    .find((local) => !present.has(local));
  if (missing === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot tunnel from ${missing}: no device of this machine has that address`,
    {
      details:
        'the first of the node\'s "ips" must be its private address, as `ip address` shows it; the public one that the cloud maps to it goes into "elasticIP"',
    },
  );
}

/** Where this machine says who it is. */
interface Premises {
  readonly host: Host;
  readonly route: RouteClient;
  /** Where `node` stands, where that is not the network configuration. */
  readonly nodeKey?: string;
}

/** This node's own entry in the cluster files. @throws CniError 7 where there is none, or several */
export function findSelf(
  clusters: readonly ClusterSource[],
  node: string | undefined,
  { host, route, nodeKey }: Premises,
): Self {
  const { nodeName, hostName } = host;
  return selectSelf(clusters, {
    ...(node === undefined ? {} : { node }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(nodeKey === undefined ? {} : { nodeKey }),
    hostName,
    addresses: ownAddresses(route),
  });
}

/**
 * Refuses an entry that has no address of this machine: of one that initiates nobody needs to know it, and its network gives
 * it another at any time.
 *
 * @throws CniError 7 with both
 */
export function requireOwnAddress(self: Self, route: RouteClient): void {
  if (self.node.initiate === true) return;
  requireAddressHere(self, ownAddresses(route));
}

/** Those of services, of which kube-proxy in IPVS mode gives every node all, say nothing of a node. */
function ownAddresses(route: RouteClient): Uint8Array[] {
  const services = route.link("kube-ipvs0")?.index;
  return route
    .addresses()
    .filter(({ index }) => index !== services)
    .map(({ address }) => address);
}

/** Keyrings are read only where there is somebody to encrypt for: that of the mesh, where one has none of its own. */
function keyringsFor(
  { keyring }: NetworkConfiguration,
  clusters: readonly ClusterSource[],
  { self, reader }: { readonly self: Self; readonly reader: MeshReader },
): Pick<MeshInput, "keyring" | "keyrings"> {
  const far = clusters
    .filter((source) => source !== self.source)
    .map(({ cluster }) => cluster)
    .filter(({ encryption }) => encryption !== "none");
  if (far.length === 0) return {};
  const own = self.source.cluster;
  const names = [...far, ...(own.mode === "gateway" ? [own] : [])].map(
    ({ name }) => name,
  );
  const keyrings = keyringsOfClusters(keyring, names, reader.keyring);
  return {
    keyrings,
    ...(names.every((name) => keyrings.has(name))
      ? {}
      : { keyring: reader.keyring(keyring) }),
  };
}
