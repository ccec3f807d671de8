import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  addChain,
  type ChainCall,
  type ChainResult,
  type Conflist,
  checkChain,
  deleteChain,
} from "../../support/chain.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import type { Node, Topology } from "./topology.ts";

/** The folder with dist/crosslink. */
export const dist = fileURLToPath(new URL("../../../dist", import.meta.url));

/** Reference plugins of Debian's containernetworking-plugins. */
const referencePlugins = "/usr/lib/cni";

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
export function crosslinkPlugin(node: Node) {
  return {
    type: "crosslink",
    clustersDir: join(node.folder, "clusters.d"),
    keyring: join(node.folder, "keyring.json"),
    node: node.name,
    logFile: join(node.folder, "crosslink.log"),
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
  const call: ChainCall = {
    conflist,
    containerId: inside.name,
    netns: inside.path,
    ifname: "eth0",
    cniPath: [...plugins, referencePlugins, dist],
    node: node.namespace.name,
    environment: { PATH: world.path },
  };
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
