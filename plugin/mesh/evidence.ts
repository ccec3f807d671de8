import type { Address } from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Node } from "../../conf/generated/cluster.ts";

/** This node's own entry in the cluster files, and the file that it is in. */
export interface Self {
  readonly source: ClusterSource;
  readonly node: Node;
}

/** What may tell which node this machine is. Names are asked in this order; addresses confirm what they say. */
export interface SelfHints {
  /** `node` of the network configuration. */
  readonly node?: string;
  /** The environment's NODE_NAME. */
  readonly nodeName?: string;
  readonly hostName: string;
  /** All addresses of this machine, 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
  /** Where `node` stands, or would stand, where that is not the network configuration. */
  readonly nodeKey?: string;
}

/** What is known of which node this is. */
export interface Evidence {
  readonly hints: SelfHints;
  /** This machine's, without those that every machine has. */
  readonly addresses: readonly Address[];
  /** The entries that have one of these. */
  readonly here: readonly Self[];
  /** The name that was asked for, where it is from, and the entries that have it. */
  readonly named: {
    readonly what: "node" | "NODE_NAME" | "host name";
    readonly name: string;
    readonly found: readonly Self[];
  };
}
