import type { Kernel } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import { rulesetMark, unlessVerified } from "../kernel/verified.ts";
import { remembered } from "../kernel/remembered.ts";
import { markingDevices } from "../bypass/observe-traffic.ts";
import { FAMILIES } from "../netfilter/base/family.ts";
import { legacyTables } from "../netfilter/legacy/program.ts";
import {
  forwardObstacles,
  type ObstaclesLook,
} from "../netfilter/obstacles.ts";
import { flowsOf, tunnelFlows } from "./flows.ts";
import { notForwarding } from "./forwarding.ts";
import type { LinkedNode } from "./linked.ts";
import { unusableWays, type WaysLook } from "./ways/ways.ts";
import { VERSION } from "../version.ts";

/** How much is looked at. */
export interface TroublesLook extends WaysLook, ObstaclesLook {
  /**
   * Whether a firewall that stood in nobody's way is looked at again only when the ruleset has changed, and not because a
   * device came: of thousands of chains a process of one call would else read all, each time.
   */
  readonly sinceChanged?: boolean;
}

/**
 * What keeps packets between own and remote pods from passing this node, and is others' to mend: a sentence each. Never
 * throws: what cannot be looked at is no reason to refuse a pod.
 */
export function troublesOf(
  session: Session,
  node: LinkedNode | undefined,
  look: TroublesLook = {},
): string[] {
  if (node === undefined || node.mesh.exemptions.length === 0) return [];
  const isThorough = look.withTunnels === true;
  return [
    ...looking("the routing", () => unusableWays(session, node, look)),
    ...looking("the routing", () =>
      isThorough ? notForwarding(session, flowsOf(session, node)) : [],
    ),
    ...looking("the firewall", () => firewallObstacles(session, node, look)),
  ];
}

function firewallObstacles(
  session: Session,
  node: LinkedNode,
  look: TroublesLook,
): string[] {
  const { kernel } = session;
  const flows = () => {
    const pods = [...flowsOf(session, node)];
    const withTunnels = look.withTunnels === true;
    return withTunnels ? [...pods, ...tunnelFlows(session, node, pods)] : pods;
  };
  const mark = look.sinceChanged === true ? markOf(kernel, node) : undefined;
  return unlessVerified<string[]>("forward-verified", mark, {
    nothing: [],
    look: () => {
      const mayMark = remembered(markingDevices(session), ({ index }) => index);
      return forwardObstacles(kernel, flows, { ...look, mayMark });
    },
    isRight: (obstacles) => obstacles.length === 0,
  });
}

/** Undefined where legacy iptables is in use, whose rules have no generation. */
function markOf(kernel: Kernel, { mesh }: LinkedNode): string | undefined {
  if (FAMILIES.some((family) => legacyTables(kernel, family).size > 0))
    return undefined;
  const words = mesh.exemptions.map(
    ({ local, remote, encrypted }) =>
      `${local.text}>${remote.text} ${encrypted ? "esp" : ""}`,
  );
  return rulesetMark(kernel, {
    mayLackTable: true,
    words: [VERSION, ...words],
  });
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
