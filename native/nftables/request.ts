import type { Attribute } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { encodeNetfilter, netfilterType } from "../nfnetlink.ts";
import { NFNL_SUBSYS_NFTABLES } from "./constants.ts";

/** What one nf_tables message asks for. */
export interface Ask {
  /** The kernel's name of the message: `NFT_MSG_NEWRULE`. */
  readonly operation: string;
  readonly message: number;
  /** `AF_INET`, `AF_INET6`, `NFPROTO_INET` …; `NFPROTO_UNSPEC` for all. */
  readonly family: number;
  readonly flags?: number;
  readonly attributes: readonly Attribute[];
  /** What it is for, in words, for errors. */
  readonly action?: () => string;
}

/** The request that says this. */
export function nftRequest(ask: Ask): Request {
  return {
    operation: ask.operation,
    type: netfilterType(NFNL_SUBSYS_NFTABLES, ask.message),
    flags: ask.flags ?? 0,
    body: encodeNetfilter(ask.family, ask.attributes),
    ...(ask.action === undefined ? {} : { action: ask.action }),
  };
}

/** The family as `nft` writes it: `ip`, `ip6`, `inet`; the number where it has no name. */
export function familyName(family: number): string {
  return FAMILY_NAMES.get(family) ?? String(family);
}

const FAMILY_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "inet"],
  [2, "ip"],
  [3, "arp"],
  [5, "netdev"],
  [7, "bridge"],
  [10, "ip6"],
]);
