import type { Cidr } from "../../../ip/cidr.ts";
import type { Request } from "../../../native/index.ts";
import type { RulesetOperation } from "../../reconcile/operation.ts";
import type { Family } from "./family.ts";

/** One step toward the rules that we want. */
export type NetfilterOperation = NftOperation | LegacyOperation;

/** What a step does to its object. */
export type Verb = RulesetOperation["verb"];

/** Part of one transaction. */
export interface NftOperation extends RulesetOperation {
  readonly object: "nft";
  /** Made when it is taken: a plan that is only shown needs none of them. */
  readonly requests: () => readonly Request[];
  /** Networks whose packets will be treated otherwise; `all` where it may be any. */
  readonly concerns?: "all" | readonly Cidr[];
}

/** Lines for iptables-legacy-restore. */
export interface LegacyOperation extends RulesetOperation {
  readonly object: "legacy";
  readonly family: Family;
  readonly table: string;
  readonly lines: readonly string[];
}
