import type { Session } from "../kernel/session.ts";
import {
  forwardObstacles,
  type ObstaclesLook,
} from "../netfilter/obstacles.ts";
import { flowsOf, tunnelFlows } from "./flows.ts";
import type { LinkedNode } from "./linked.ts";
import { unusableWays, type WaysLook } from "./ways/ways.ts";

/**
 * What keeps packets between own and remote pods from passing this node, and is others' to mend: a sentence each. Never
 * throws: what cannot be looked at is no reason to refuse a pod.
 */
export function troublesOf(
  session: Session,
  node: LinkedNode | undefined,
  look: WaysLook & ObstaclesLook = {},
): string[] {
  if (node === undefined || node.mesh.exemptions.length === 0) return [];
  return [
    ...looking("the routing", () => unusableWays(session, node, look)),
    ...looking("the firewall", () =>
      forwardObstacles(
        session.kernel,
        () => [
          ...flowsOf(session, node),
          ...(look.withTunnels === true ? tunnelFlows(session, node) : []),
        ],
        look,
      ),
    ),
  ];
}

function looking(what: string, look: () => string[]): string[] {
  try {
    return look();
  } catch (error) {
    return [
      `Cannot tell whether ${what} lets pods' packets pass: ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
}
