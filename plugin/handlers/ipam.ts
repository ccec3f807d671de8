import { existsSync } from "node:fs";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { type Process, run } from "../../cni/main.ts";
import { parseAddress, parseCidr } from "../../ip/cidr.ts";
import { type ClusterSource, loadClusters } from "../../conf/clusters.ts";
import { type NetworkConfiguration, parseNetwork } from "../../conf/network.ts";
import type { IpamContext, MeshHints } from "../../ipam/context.ts";
import { ipamHandlers } from "../../ipam/handlers.ts";
import type { Mesh, RemoteCidr } from "../../ipam/mesh.ts";
import { openRoute, type RouteClient } from "../../native/index.ts";
import { findLocalCidrs } from "../discovery/local-cidrs.ts";
import { inNamespace, type Kernel, using } from "../kernel/kernel.ts";
import type { Self } from "../mesh/self.ts";
import {
  findSelf,
  type Host,
  type LinkedNode,
  requireOwnAddress,
} from "../node/linked.ts";

/** What the IPAM helper needs of the process that it runs in. */
export interface IpamFront {
  readonly kernel: () => Kernel;
  readonly host: Host;
  /** As IpamContext's: absent in a process of the runtime's, which sees what the runtime sees. */
  readonly leave?: () => void;
  /** What a resident agent knows of the mesh already; undefined where the files have to be read. */
  readonly knownMesh?: (config: NetworkConfiguration) => Mesh | undefined;
}

/** Serves one call as `crosslink-ipam`. Returns the exit code. */
export function serveIpam(call: Process, front: IpamFront): number {
  return run(call, ipamHandlers(ipamContext(front)));
}

/** Hands the IPAM helper what it needs to know of the mesh, which it does not know of itself. */
function ipamContext(front: IpamFront): IpamContext {
  return {
    binding: () => front.kernel().binding,
    patience: () => front.kernel().patience,
    ...(front.leave && { leave: front.leave }),
    mesh: (hints) => meshFor(hints, front),
  };
}

/** The mesh as a node's look at its files found it, worked out once. */
export function meshOfNode({ clusters, self, localCidrs }: LinkedNode): Mesh {
  const podCidrs = localCidrs.map(({ cidr }) => cidr);
  const remote = othersCidrs(clusters, self);
  const addresses = clusters.flatMap(nodeAddresses);
  return {
    podCidrs: () => podCidrs,
    remote: () => remote,
    nodeAddresses: () => addresses,
  };
}

/** On a node without cluster files crosslink-ipam is what host-local is. */
function meshFor(hints: MeshHints, front: IpamFront): Mesh | undefined {
  const config = parseNetwork({ type: "crosslink", ...hints });
  const { clustersDir, node } = config;
  const known = front.knownMesh?.(config);
  if (known !== undefined) return known;
  if (hints.clustersDir === undefined && !existsSync(clustersDir))
    return undefined;
  const clusters = loadClusters(clustersDir);
  if (clusters.length === 0) return undefined;
  const withSelf = <Result>(
    use: (self: Self, route: RouteClient) => Result,
  ): Result =>
    using(
      openRoute(front.kernel().binding, inNamespace(front.kernel())),
      (route) =>
        use(ownEntry(clusters, node, { host: front.host, route }), route),
    );
  return {
    podCidrs: () =>
      withSelf((self, route) => {
        // Where the file has them by node, a clone of a node would give out what pods there have.
        if (self.node.podCIDRs !== undefined)
          speaking(() => {
            requireOwnAddress(self, route);
          });
        return findLocalCidrs(self, route).map(({ cidr }) => cidr);
      }),
    remote: () =>
      unlessUnknown(() => withSelf((self) => othersCidrs(clusters, self))) ??
      [],
    nodeAddresses: () => clusters.flatMap(nodeAddresses),
  };
}

function ownEntry(
  clusters: readonly ClusterSource[],
  node: string | undefined,
  place: { readonly host: Host; readonly route: RouteClient },
): Self {
  const nodeKey = 'the "ipam" section';
  return speaking(() => findSelf(clusters, node, { ...place, nodeKey }));
}

/** Both programs look for this node, by keys of the same name: the error says which of them speaks. */
function speaking<Result>(find: () => Result): Result {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const { code, message, details } = error;
    throw new CniError(code, `crosslink-ipam: ${message}`, {
      details,
      cause: error,
    });
  }
}

/**
 * Ranges that the configuration gives in full need no node: who is remote is then told by the chained plugin alone, whose
 * configuration may know the node by its own `node`.
 */
function unlessUnknown<Result>(find: () => Result): Result | undefined {
  try {
    return find();
  } catch (error) {
    if (
      error instanceof CniError &&
      error.code === ErrorCode.invalidConfiguration
    )
      return undefined;
    throw error;
  }
}

function othersCidrs(
  clusters: readonly ClusterSource[],
  self: Self,
): RemoteCidr[] {
  return clusters
    .filter((source) => source !== self.source)
    .flatMap(remoteCidrs);
}

function remoteCidrs({ cluster }: ClusterSource): RemoteCidr[] {
  const seen = cluster.podCIDRs.map(
    (cidr) => cluster.globalCIDRs[cidr] ?? cidr,
  );
  const nodes = cluster.nodes.flatMap(({ podCIDRs = [] }) => podCIDRs);
  const own = Object.keys(cluster.globalCIDRs).length > 0 ? [] : nodes;
  return [...new Set([...seen, ...own, ...cluster.serviceCIDRs])].map(
    (text) => ({
      cluster: cluster.name,
      cidr: parseCidr(text),
    }),
  );
}

function nodeAddresses({ cluster }: ClusterSource): Uint8Array[] {
  return cluster.nodes.flatMap(({ ips }) =>
    ips.map((text) => parseAddress(text).bytes),
  );
}
