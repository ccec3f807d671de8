import type { Family } from "../base/family.ts";
import type { FlowWay } from "./flow.ts";
import type { TracedChain } from "./trace.ts";

/** A chain that the kernel itself calls, with what it leads to. */
export interface BaseChain {
  /** As `nft` names it: `inet filter forward`. Chains of legacy iptables are named alike, and said to be that. */
  readonly name: string;
  /** Whose packets it sees. */
  readonly families: readonly Family[];
  readonly ways: readonly FlowWay[];
  readonly stage: Stage;
  /** Lower runs earlier. */
  readonly priority: number;
  /** Whether rules of ours stand at its end where its policy drops. */
  readonly isShared: boolean;
  readonly chain: TracedChain;
  /** Undefined where it sees packets of all devices. */
  readonly at?: DeviceHook;
}

/** Where on a packet's way a chain is called: its hook by the name of iptables' chain there, or a device. */
export type Stage = keyof typeof WAYS_AT | "ingress" | "egress";

/** The stages in a packet's order. No packet passes all of them. */
const STAGES: readonly Stage[] = [
  "ingress",
  "PREROUTING",
  "INPUT",
  "FORWARD",
  "OUTPUT",
  "POSTROUTING",
  "egress",
];

/** Which of two chains a packet comes to first. */
export function byTurn(one: BaseChain, other: BaseChain): number {
  return (
    STAGES.indexOf(one.stage) - STAGES.indexOf(other.stage) ||
    one.priority - other.priority
  );
}

/** Whose packets come by a hook, by the name of iptables' chain there. */
export const WAYS_AT = {
  PREROUTING: ["forward", "in"],
  INPUT: ["in"],
  FORWARD: ["forward"],
  OUTPUT: ["out"],
  POSTROUTING: ["forward", "out"],
} as const satisfies Readonly<Record<string, readonly FlowWay[]>>;

/** Devices that a chain is hooked at, and whether it sees what comes in or what leaves. */
export interface DeviceHook {
  readonly way: "inputs" | "outputs";
  /** `eth*` for all whose names begin so. */
  readonly names: readonly string[];
}

/** Which base chains to read. */
export interface HookedAt {
  readonly type: "filter" | "nat" | "route";
  /** `NF_INET_PRE_ROUTING` and its like. */
  readonly hook: number;
}
