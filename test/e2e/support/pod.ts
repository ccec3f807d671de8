import { join } from "node:path";
import {
  addChain,
  type ChainCall,
  type ChainResult,
  type Conflist,
  checkChain,
  deleteChain,
} from "../../support/chain.ts";
import { dist, referencePlugins } from "../../support/binary.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import { pluginEntry } from "../../support/node-files.ts";
import type { Machine, Node, Topology } from "./topology.ts";

/** A pod as the runtime sees it: a namespace, and the chain that connects it. */
export interface Pod extends Disposable {
  readonly namespace: Namespace;
  readonly call: ChainCall;
  readonly add: () => Promise<ChainResult>;
  readonly check: () => Promise<ChainResult>;
  readonly delete: () => Promise<ChainResult>;
  /** What ADD gave; undefined before. */
  readonly result: () => unknown;
  /** The address that ADD gave. Throws before ADD. */
  readonly address: () => string;
}

/** The conflist of a node: the reference plugin ptp with crosslink-ipam and masquerade, then crosslink. */
export function ptpConflist(node: Node): Conflist {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipMasq: true,
        ipam: {
          type: "crosslink-ipam",
          dataDir: join(node.folder, "ipam"),
          ranges: [[{ subnet: node.podCidr }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      crosslinkPlugin(node),
    ],
  };
}

/** The last entry of a conflist. Its files are the node's own, since all nodes share this machine's disk. */
export function crosslinkPlugin(node: Machine) {
  const logFile = join(node.folder, "crosslink.log");
  return pluginEntry(node, { node: node.name, logFile });
}

/** A runtime's call for a pod of this node, whose namespace is not connected yet. */
export function callFor(
  inside: Namespace,
  node: Machine,
  { path }: Pick<Topology, "path">,
  conflist: Conflist,
): ChainCall {
  return {
    conflist,
    containerId: inside.name,
    netns: inside.path,
    ifname: "eth0",
    cniPath: [referencePlugins, dist],
    node: node.namespace.name,
    environment: { PATH: path },
  };
}

/**
 * A namespace for a pod of this node, not connected yet.
 *
 * @param plugins more folders with plugins, best first
 */
export function pod(
  node: Node,
  world: Topology,
  conflist: Conflist = ptpConflist(node),
  plugins: readonly string[] = [],
): Pod {
  const inside = namespace();
  let cachedResult: unknown;
  const common = callFor(inside, node, world, conflist);
  const call = { ...common, cniPath: [...plugins, ...common.cniPath] };
  const cached = (): ChainCall => ({ ...call, cachedResult });
  return {
    namespace: inside,
    call,
    add: async () => {
      const added = await addChain(call);
      cachedResult = added.result;
      return added;
    },
    check: () => checkChain(cached()),
    delete: () => deleteChain(cached()),
    result: () => cachedResult,
    address: () => addressOf(cachedResult),
    [Symbol.dispose]: () => {
      inside[Symbol.dispose]();
    },
  };
}

function addressOf(result: unknown): string {
  const { ips } = (result ?? {}) as { ips?: { address: string }[] };
  const address = ips?.[0]?.address.split("/")[0];
  if (address === undefined)
    throw new Error("The pod has no address before ADD");
  return address;
}
