import type { NetworkConfiguration } from "../../conf/network.ts";
import type { EnsureNode } from "../node/refresh.ts";
import type { LinkedNode } from "../node/linked.ts";

/** What the agent knows of the node, so that an ADD on a healthy node costs one pod's work. */
export interface Keeper {
  /** Refreshes the node if what is known of it may be old. */
  readonly ensure: EnsureNode;
  /** What is known of the node by these files; undefined where that may be old, or is nothing. */
  readonly known: (files: NodeFiles) => LinkedNode | undefined;
  /** Something may have changed: the next `ensure` looks. */
  readonly invalidate: () => void;
}

/** Which cluster files, and which node in them. */
export type NodeFiles = Pick<NetworkConfiguration, "clustersDir" | "node">;

interface Memory {
  readonly config: NetworkConfiguration;
  readonly node: LinkedNode | undefined;
}

/**
 * A keeper that has looked at nothing yet.
 *
 * What it knows was true when `refresh` began; what happened since then is queued, and `poll` reads
 * it before anything known is used. A refresh that fails leaves nothing known.
 *
 * @param poll calls `invalidate` where what is queued tells of harm
 */
export function keeper(refresh: EnsureNode, poll: () => void): Keeper {
  let memory: Memory | undefined;
  return {
    ensure: (session, config, log) => {
      poll();
      if (memory && sameSettings(memory.config, config)) return memory.node;
      memory = undefined;
      const node = refresh(session, config, log);
      memory = { config, node };
      return node;
    },
    known: (files) => {
      poll();
      return memory && sameFiles(memory.config, files)
        ? memory.node
        : undefined;
    },
    invalidate: () => {
      memory = undefined;
    },
  };
}

/** Calls of different networks may carry different settings; only equal ones share what is known. */
function sameSettings(
  one: NetworkConfiguration,
  other: NetworkConfiguration,
): boolean {
  return (
    sameFiles(one, other) &&
    one.keyring === other.keyring &&
    one.snat === other.snat
  );
}

function sameFiles(one: NodeFiles, other: NodeFiles): boolean {
  return one.clustersDir === other.clustersDir && one.node === other.node;
}
