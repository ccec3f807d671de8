import { attrBe32, readBe32 } from "../attribute.ts";
import type { Conversation, Request } from "../conversation.ts";
import type { NetlinkError } from "../error.ts";
import { NLM_F_ACK } from "../message.ts";
import {
  decodeNetfilter,
  encodeNetfilter,
  NFPROTO_UNSPEC,
} from "../nfnetlink.ts";
import {
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG_GETGEN,
  NFTA_GEN_ID,
} from "./constants.ts";
import { nftRequest } from "./request.ts";

/** The kernel's "the ruleset is no longer the one you saw" (include/linux/errno.h, not for user space otherwise). */
export const ERESTART = 85;

/** One operation that the kernel refused; with it the whole transaction. */
export interface Refusal {
  readonly request: Request;
  readonly error: NetlinkError;
}

/** The number of the ruleset's current generation: every committed transaction in the namespace, of anybody, makes a new one. */
export function generation(conversation: Conversation): number {
  const { body } = conversation.ask(
    nftRequest({
      operation: "NFT_MSG_GETGEN",
      message: NFT_MSG_GETGEN,
      family: NFPROTO_UNSPEC,
      attributes: [],
      action: () => "read the nf_tables generation",
    }),
  );
  const id = decodeNetfilter(body).attributes.get(NFTA_GEN_ID);
  if (id === undefined)
    throw new RangeError(
      "Cannot read the nf_tables generation: no NFTA_GEN_ID",
    );
  return readBe32(id);
}

/**
 * Sends operations as one transaction: all of them take effect at one moment, or none does. Returns what the kernel
 * refused; empty when it is done. With a generation, another one in the kernel is a refusal with errno `ERESTART`.
 */
export function commit(
  conversation: Conversation,
  operations: readonly Request[],
  expected?: number,
): Refusal[] {
  if (operations.length === 0) return [];
  // One ack is enough to know that it is over, and errors come without being asked for.
  const last = operations.length - 1;
  const requests = operations.map((request, index) =>
    index === last
      ? { ...request, flags: (request.flags ?? 0) | NLM_F_ACK }
      : request,
  );
  const all = [begin(expected), ...requests, END];
  return conversation.exchange(all).flatMap(({ error }, index) => {
    const request = all[index];
    return error === undefined || request === undefined
      ? []
      : [{ request, error }];
  });
}

/** Whether a refusal only says that somebody else was faster. */
export function isStale(refusals: readonly Refusal[]): boolean {
  return refusals.some(({ error }) => error.errno === ERESTART);
}

// nf_tables takes `res_id` as the subsystem whose batch this is.
function begin(expected: number | undefined): Request {
  const attributes =
    expected === undefined ? [] : [attrBe32(NFNL_BATCH_GENID, expected)];
  return {
    operation: "NFNL_MSG_BATCH_BEGIN",
    type: NFNL_MSG_BATCH_BEGIN,
    body: encodeNetfilter(NFPROTO_UNSPEC, attributes, NFNL_SUBSYS_NFTABLES),
    action: () => "change the nf_tables ruleset",
  };
}

const END: Request = {
  operation: "NFNL_MSG_BATCH_END",
  type: NFNL_MSG_BATCH_END,
  body: encodeNetfilter(NFPROTO_UNSPEC, [], NFNL_SUBSYS_NFTABLES),
};
