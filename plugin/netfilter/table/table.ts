import type { Cidr } from "../../../ip/cidr.ts";
import type {
  Expression,
  Hook,
  Interval,
  ObservedHook,
} from "../../../native/index.ts";
import type { Family } from "../base/family.ts";

/** `inet` sees both IPv4 and IPv6. */
type TableFamily = Family | "inet";

/** Our table of one family as it should be. Without a chain it should not be at all. */
export interface OwnedTable {
  readonly family: TableFamily;
  readonly sets: readonly OwnedSet[];
  readonly chains: readonly OwnedChain[];
}

/** A set of networks. */
export interface OwnedSet {
  readonly name: string;
  /** In a table of the family `inet`. */
  readonly family?: Family;
  /** None inside of another. */
  readonly networks: readonly Cidr[];
}

export interface OwnedChain {
  readonly name: string;
  readonly hook: Hook;
  readonly rules: readonly OwnedRule[];
}

export interface OwnedRule {
  readonly expressions: readonly Expression[];
  /** What it is for, in an admin's words. */
  readonly purpose: string;
}

/** Our table as it is. */
export interface ObservedOwnedTable {
  readonly family: TableFamily;
  readonly exists: boolean;
  /** Somebody switched it off (`NFT_TABLE_F_DORMANT`), or owns it by another right. */
  readonly altered: boolean;
  readonly sets: readonly ObservedOwnedSet[];
  readonly chains: readonly ObservedOwnedChain[];
}

export interface ObservedOwnedSet {
  readonly name: string;
  /** Whether it is a set of intervals of addresses, as we make them. */
  readonly usable: boolean;
  readonly intervals: readonly Interval[];
}

export interface ObservedOwnedChain {
  readonly name: string;
  readonly base?: ObservedHook;
  readonly rules: readonly { readonly handle: bigint; readonly key: string }[];
}
