import type { Cidr } from "../../../ip/cidr.ts";
import type { Request } from "../../../native/index.ts";
import type { Family } from "./family.ts";

/** As in a diff: adds, removes, changes. */
export type Sign = "+" | "-" | "~";

/** One step toward the rules that we want, with a sentence for an admin. */
export type NetfilterOperation = NftOperation | LegacyOperation;

/** Part of one transaction. */
export interface NftOperation {
  readonly backend: "nft";
  readonly sign: Sign;
  readonly sentence: string;
  /** Made when it is taken: a plan that is only shown needs none of them. */
  readonly requests: () => readonly Request[];
  /** Networks whose packets will be treated otherwise; `all` where it may be any. */
  readonly concerns?: "all" | readonly Cidr[];
}

/** Lines for iptables-legacy-restore. */
export interface LegacyOperation {
  readonly backend: "legacy";
  readonly sign: Sign;
  readonly sentence: string;
  readonly family: Family;
  readonly table: string;
  readonly lines: readonly string[];
}
