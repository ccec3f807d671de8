import type { Session } from "../kernel/session.ts";
import { forwardObstacles } from "../netfilter/obstacles.ts";
import { flowsOf } from "./flows.ts";
import type { LinkedNode } from "./linked.ts";
import { unusableWays, type WaysLook } from "./ways/ways.ts";

/**
 * What keeps packets between own and remote pods from passing this node, and is others' to mend: a sentence each. Never
 * throws: what cannot be looked at is no reason to refuse a pod.
 */
export function troublesOf(
  session: Session,
  node: LinkedNode | undefined,
  ways: WaysLook = {},
): string[] {
  if (node === undefined || node.mesh.exemptions.length === 0) return [];
  return [
    ...looking("the routing", () => unusableWays(session, node, ways)),
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
