import type { Family } from "../base/family.ts";
import type { TracedChain } from "./trace.ts";

/** A chain that the kernel itself calls, with what it leads to. */
export interface BaseChain {
  /** As `nft` names it: `inet filter forward`. Chains of legacy iptables are named alike, and said to be that. */
  readonly name: string;
  /** Whose packets it sees. */
  readonly families: readonly Family[];
  /** Lower runs earlier. */
  readonly priority: number;
  /** Whether rules of ours stand at its end where its policy drops. */
  readonly isShared: boolean;
  readonly chain: TracedChain;
  /** Undefined where it sees packets of all devices. */
  readonly at?: DeviceHook;
}

/** Devices that a chain is hooked at, and whether it sees what comes in or what leaves. */
export interface DeviceHook {
  readonly way: "inputs" | "outputs";
  /** `eth*` for all whose names begin so. */
  readonly names: readonly string[];
}

/** Which base chains to read. */
export interface HookedAt {
  readonly type: "filter" | "nat";
  /** NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_POST_ROUTING */
  readonly hook: number;
}
