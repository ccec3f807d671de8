import type { Action } from "./trace.ts";

/** What a target of iptables' own does. */
export function targetAction(name: string): Action {
  return TARGETS.get(name) ?? { kind: "continue" };
}

const TARGETS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["ACCEPT", { kind: "accept" }],
  ["DROP", { kind: "drop" }],
  ["REJECT", { kind: "reject" }],
  ["RETURN", { kind: "return" }],
  ["MASQUERADE", { kind: "rewrite" }],
  ["SNAT", { kind: "rewrite" }],
  ["NETMAP", { kind: "rewrite" }],
]);
