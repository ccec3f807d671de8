import type { NetworkConfiguration } from "../../conf/network.ts";
import type { EnsureNode } from "../node/converge.ts";
import type { LinkedNode } from "../node/linked.ts";

/** What the agent knows of the node, so that an ADD on a healthy node costs one pod's work. */
export interface Keeper {
  /** Refreshes the node if what is known of it may be old. */
  readonly ensure: EnsureNode;
  /** Something may have changed: the next `ensure` looks. */
  readonly invalidate: () => void;
}

interface Memory {
  readonly settings: string;
  readonly node: LinkedNode | undefined;
}

/**
 * A keeper that has looked at nothing yet.
 *
 * @param refresh does the work
 * @param isStale reads pending notifications: whether what is known became old since the last call
 */
export function keeper(refresh: EnsureNode, isStale: () => boolean): Keeper {
  let memory: Memory | undefined;
  return {
    ensure: (session, config, log) => {
      const settings = settingsOf(config);
      if (isStale() || memory?.settings !== settings) memory = undefined;
      memory ??= { settings, node: refresh(session, config, log) };
      return memory.node;
    },
    invalidate: () => {
      memory = undefined;
    },
  };
}

/** Calls of different networks may carry different settings; only equal ones share what is known. */
function settingsOf(config: NetworkConfiguration): string {
  const { clustersDir, keyring, node, snat } = config;
  return JSON.stringify([clustersDir, keyring, node, snat]);
}
