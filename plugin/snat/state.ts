import type { Family } from "../netfilter/family.ts";
import type { NetfilterOperation } from "../netfilter/operation.ts";
import type { ObservedOwnedTable } from "../netfilter/table/table.ts";
import type { SharedChain } from "../netfilter/shared/chain.ts";
import type { BackendFacts } from "./backend.ts";
import type { NetworkPair } from "./exemption-groups.ts";

/** How pods' packets to other clusters keep their source address: DESIGN section 6. */
export type SnatMode = "return" | "identity" | "auto" | "off";

/** What is wanted of the node's source NAT. */
export interface DesiredSnat {
  readonly exemptions: readonly NetworkPair[];
  readonly mode: SnatMode;
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
  /** nat POSTROUTING of iptables-nft; undefined without nf_tables. */
  readonly nft?: ObservedBackend;
  /** nat POSTROUTING of legacy iptables; undefined where its programs are missing. */
  readonly legacy?: ObservedBackend;
  /** Legacy rules are in use, and no program is there to read them. */
  readonly legacyUnreadable: boolean;
  /** Base chains of others that nf_tables asks for a source NAT, besides iptables-nft's. */
  readonly rivals: readonly Rival[];
}

export interface ObservedBackend {
  readonly chain: SharedChain;
  readonly facts: BackendFacts;
  /** Chains that stay ahead of our rules, since nobody could win that place from them. */
  readonly ahead: readonly string[];
}

export interface Rival {
  /** `inet flannel-ipv4 postrtg` */
  readonly name: string;
  readonly priority: number;
}

/** What is to be done. */
export interface SnatPlan {
  readonly desired: DesiredSnat;
  readonly generation?: number;
  readonly operations: readonly NetfilterOperation[];
  /** Pairs whose exemption is new: connections may have mappings from before. */
  readonly fresh: readonly NetworkPair[];
}
