import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Conflist } from "../../support/chain.ts";
import { crosslinkPlugin } from "../support/pod.ts";
import type { Node, NodePlan } from "../support/topology.ts";

/** A base CNI: how a node has it before crosslink comes, and what crosslink should find there. */
export interface Base {
  /** The cluster's and the node's name. */
  readonly name: string;
  readonly podCidr: string;
  /** Under which network of the same size the other clusters see its pods, where another cluster has the same pod CIDR. */
  readonly globalCidr?: string;
  /** Where the node finds its pod CIDR: its own cluster file then gives none. Undefined: the file gives it. */
  readonly discovered?: {
    readonly cni: "calico" | "flannel" | "globalrouter";
    readonly origin: string;
  };
  readonly conflist: (node: Node) => Conflist;
  /** A shell script for what the base's agents do on the node before a pod comes. */
  readonly prepare?: string;
  /** A folder of the machine's own that `prepare` makes: there must be none before, and there is none afterwards. */
  readonly machineFolder?: string;
  /** What replays a plugin that Debian does not carry: its name, and the command to start, given the node's folder. */
  readonly replay?: {
    readonly type: string;
    readonly command: (folder: string) => string;
  };
}

/** The node of a base, the n-th of its world. */
export function planFor({ name, podCidr }: Base, index: number): NodePlan {
  return {
    cluster: name,
    name,
    privateIp: `172.17.${index + 1}.2`,
    elasticIp: `203.0.113.${index + 1}`,
    podCidr,
  };
}

/** The address that other clusters see a pod with; both networks are a /24. */
export function seenAs({ globalCidr }: Base, address: string): string {
  if (globalCidr === undefined) return address;
  return globalCidr.replace("0/24", address.replace(/^.*\./, ""));
}

type Plugins = Conflist["plugins"];

/**
 * A conflist as the base publishes it, which is conf's example, with the node's own files in place of the machine's.
 *
 * @param own gives the first plugin, the base's, what differs on this node
 */
export function publishedConflist(
  name: string,
  node: Node,
  own: (base: Plugins[number]) => object,
): Conflist {
  const file = new URL(
    `../../../conf/examples/conflists/${name}.conflist`,
    import.meta.url,
  );
  const conflist = JSON.parse(
    readFileSync(fileURLToPath(file), "utf8"),
  ) as Conflist;
  const [base, ...chained] = conflist.plugins;
  if (base === undefined) throw new Error(`Cannot use ${file.pathname}`);
  return {
    ...conflist,
    plugins: [
      { ...base, ...own(base) },
      ...chained.map((plugin) =>
        plugin.type === "crosslink" ? crosslinkPlugin(node) : plugin,
      ),
    ],
  };
}
