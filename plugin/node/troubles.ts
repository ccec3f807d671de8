import type { Session } from "../kernel/session.ts";
import { forwardObstacles } from "../netfilter/obstacles.ts";
import { flowsOf } from "./flows.ts";
import type { LinkedNode } from "./linked.ts";
import { holesInRemotes } from "./holes.ts";
import { missingWays } from "./missing-ways.ts";

/**
 * What keeps packets between own and remote pods from passing this node, and is others' to mend: a sentence each. Never
 * throws: what cannot be looked at is no reason to refuse a pod.
 */
export function troublesOf(
  session: Session,
  node: LinkedNode | undefined,
): string[] {
  if (node === undefined || node.mesh.exemptions.length === 0) return [];
  return [
    ...looking("the routing", () => [
      ...missingWays(session, node),
      ...holesInRemotes(session, node),
    ]),
    ...looking("the firewall", () =>
      forwardObstacles(session.kernel, () => flowsOf(session, node)),
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
