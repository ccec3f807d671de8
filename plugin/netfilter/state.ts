import type { Family } from "./base/family.ts";
import type { PacketMark } from "./base/mark.ts";
import type { NetworkPair } from "../mesh/state.ts";
import type { NetfilterOperation } from "./base/operation.ts";
import type { SharedChain } from "./shared/chain.ts";
import type { ObservedOwnedTable } from "./table/table.ts";
import type { BaseChain } from "./trace/base-chain.ts";

/** How pods' packets to other clusters keep their source address; conf/README.md has the modes in words. */
export type SnatMode = "return" | "identity" | "auto" | "off";

/** What is wanted of the node's netfilter. */
export interface DesiredSnat {
  readonly exemptions: readonly NetworkPair[];
  readonly mode: SnatMode;
  /** The largest packet, in bytes, that the narrowest tunnel takes; what 1500 bytes leave where it is not known. */
  readonly innerMtu?: number;
}

/** What the node's netfilter holds. */
export interface ObservedSnat {
  /** Of nf_tables' ruleset, read first; undefined where the kernel has no nf_tables. */
  readonly generation?: number;
  readonly families: readonly ObservedFamily[];
}

export interface ObservedFamily {
  readonly family: Family;
  readonly table: ObservedOwnedTable;
  /** Whether the kernel can do NAT in nf_tables for this family. Asks it, once, where that cannot be seen. */
  readonly canNat: () => boolean;
  /** Undefined without nf_tables. */
  readonly nft?: ObservedBackend;
  /** Undefined where iptables' legacy programs are missing. */
  readonly legacy?: ObservedLegacy;
  /** Legacy rules are in use, and no program is there to read them. */
  readonly legacyUnreadable: boolean;
  /** Marks of packets that somebody's rules masquerade for their sake: those keep their SNAT. */
  readonly spares: readonly PacketMark[];
  /** NAT chains of others behind routing, iptables' aside: they may defeat ours. */
  readonly rivals: readonly BaseChain[];
}

/** The chains of one backend that rules of ours are in. */
export interface ObservedBackend {
  /** In the nat table. */
  readonly postrouting: SharedChain;
  /** In the filter table. */
  readonly forward: SharedChain;
  readonly facts: BackendFacts;
  /** Chains that stay ahead of our RETURN rules, since nobody could win that place from them. */
  readonly ahead: readonly string[];
}

/** What one backend's nat table says about who does the node's masquerading. */
export interface BackendFacts {
  /** Whether chains of a CNI plugin's or kube-proxy's are in it. */
  readonly nodeChains: boolean;
  /** Whether a rule in POSTROUTING may give packets another source. */
  readonly rewrites: boolean;
  /** Whether any rule of others is in the table. */
  readonly rules: boolean;
}

export interface ObservedLegacy extends ObservedBackend {
  /** In the nat table. */
  readonly prerouting: SharedChain;
  /** FORWARD in the mangle table. */
  readonly mangle: SharedChain;
}

/** What is to be done. */
export interface SnatPlan {
  readonly desired: DesiredSnat;
  readonly generation?: number;
  readonly operations: readonly NetfilterOperation[];
  /** Pairs whose exemption is new: connections may have mappings from before. */
  readonly fresh: readonly NetworkPair[];
}
