import { OWN_COMMENT } from "../../owned.ts";
import {
  type Message,
  NFT_MSG_DELCHAIN,
  NFT_MSG_DELRULE,
  NFT_MSG_DELSET,
  NFT_MSG_DELSETELEM,
  NFT_MSG_DELTABLE,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWTABLE,
} from "../../../native/index.ts";
import type { Effect } from "./effect.ts";

/** NFNLGRP_NFTABLES: include/uapi/linux/netfilter/nfnetlink.h. */
export const NFTABLES_GROUPS = [7];

const REMOVALS: ReadonlySet<number> = new Set([
  NFT_MSG_DELTABLE,
  NFT_MSG_DELCHAIN,
  NFT_MSG_DELRULE,
  NFT_MSG_DELSET,
  NFT_MSG_DELSETELEM,
]);

/** What decides where packets are translated or dropped; kube-proxy's set elements come and go all the time. */
const RULES: ReadonlySet<number> = new Set([
  NFT_MSG_NEWTABLE,
  NFT_MSG_DELTABLE,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_DELCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_DELRULE,
]);

/** Our table's name, and the comment of our rules in other tables. */
const MARK = Buffer.from(OWN_COMMENT);

/**
 * What an nf_tables notification means. A table that is deleted, or a chain that is flushed, is told
 * of rule by rule, with each rule's comment (nf_tables_rule_notify() in net/netfilter/nf_tables_api.c).
 */
export function judgeNftables({ type, body }: Message): Effect {
  const message = type & 0xff; // the high byte is the subsystem
  if (REMOVALS.has(message) && Buffer.from(body).includes(MARK)) return "harm";
  return RULES.has(message) ? "change" : "nothing";
}
