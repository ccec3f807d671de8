import { sameBytes } from "../address.ts";
import {
  attrBe64,
  attrBytes,
  attrString,
  nested,
  readBe64,
  readString,
} from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { NLM_F_APPEND, NLM_F_CREATE } from "../message.ts";
import { decodeNetfilter } from "../nfnetlink.ts";
import { describe } from "./chain.ts";
import type { ChainName } from "./chain.ts";
import {
  NFT_MSG_DELRULE,
  NFT_MSG_GETRULE,
  NFT_MSG_NEWRULE,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_HANDLE,
  NFTA_RULE_POSITION,
  NFTA_RULE_TABLE,
  NFTA_RULE_USERDATA,
} from "./constants.ts";
import {
  decodeExpressions,
  encodeExpressions,
} from "./expression/expression.ts";
import type { Expression } from "./expression/expression.ts";
import { nftRequest } from "./request.ts";
import type { TableName } from "./table.ts";
import { decodeComment, encodeComment } from "./userdata.ts";

/** A rule to be. */
export interface Rule extends ChainName {
  readonly expressions: readonly Expression[];
  /** `nft list` and `iptables -S` show it. */
  readonly comment?: string;
}

/** A rule in the kernel. */
export interface ObservedRule extends ChainName {
  /** Unique in its table, never used again. */
  readonly handle: bigint;
  /** Handle of the rule before it in its chain; undefined for the first. */
  readonly position?: bigint;
  /** Bytes of the rule's expressions as the kernel gave them, `decodeExpressions` reads them. */
  readonly raw: Uint8Array;
  readonly userData?: Uint8Array;
  readonly comment?: string;
}

/** Where a new rule goes in its chain. */
export type RulePosition =
  | { readonly at: "head" | "end" }
  | { readonly at: "after" | "before"; readonly handle: bigint };

/** Adds the rule to its chain. ENOENT where the chain or the neighbour is not there. */
export function addRule(rule: Rule, position: RulePosition): Request {
  const behind = position.at === "end" || position.at === "after";
  return nftRequest({
    operation: "NFT_MSG_NEWRULE",
    message: NFT_MSG_NEWRULE,
    family: rule.family,
    flags: NLM_F_CREATE | (behind ? NLM_F_APPEND : 0),
    attributes: [
      attrString(NFTA_RULE_TABLE, rule.table),
      attrString(NFTA_RULE_CHAIN, rule.chain),
      ...("handle" in position
        ? [attrBe64(NFTA_RULE_POSITION, position.handle)]
        : []),
      nested(NFTA_RULE_EXPRESSIONS, encodeExpressions(rule.expressions)),
      ...(rule.comment === undefined
        ? []
        : [attrBytes(NFTA_RULE_USERDATA, encodeComment(rule.comment))]),
    ],
    action: () => `add a rule to chain ${describe(rule)}`,
  });
}

/** Deletes one rule. ENOENT where it is not there. */
export function deleteRule(name: ChainName, handle: bigint): Request {
  return nftRequest({
    operation: "NFT_MSG_DELRULE",
    message: NFT_MSG_DELRULE,
    family: name.family,
    attributes: [
      attrString(NFTA_RULE_TABLE, name.table),
      attrString(NFTA_RULE_CHAIN, name.chain),
      attrBe64(NFTA_RULE_HANDLE, handle),
    ],
    action: () => `delete rule ${handle} of chain ${describe(name)}`,
  });
}

/** Deletes every rule of a chain. ENOENT where the chain is not there. */
export function deleteRules(name: ChainName): Request {
  return nftRequest({
    operation: "NFT_MSG_DELRULE",
    message: NFT_MSG_DELRULE,
    family: name.family,
    attributes: [
      attrString(NFTA_RULE_TABLE, name.table),
      attrString(NFTA_RULE_CHAIN, name.chain),
    ],
    action: () => `delete the rules of chain ${describe(name)}`,
  });
}

/** Asks for the rules of one chain, or of a whole table; none where it is not there. */
export function dumpRules(
  name: TableName & { readonly chain?: string },
): Request {
  return nftRequest({
    operation: "NFT_MSG_GETRULE",
    message: NFT_MSG_GETRULE,
    family: name.family,
    attributes: [
      attrString(NFTA_RULE_TABLE, name.table),
      ...(name.chain === undefined
        ? []
        : [attrString(NFTA_RULE_CHAIN, name.chain)]),
    ],
    action: () => "list nf_tables rules",
  });
}

/** The rule in the body of an `NFT_MSG_NEWRULE` message. RangeError when malformed. */
export function decodeRule(body: Uint8Array): ObservedRule {
  return ruleDecoder()(body);
}

/** Decodes the rules of one dump, which repeat the same names and comments thousands of times: each is read once. */
export function ruleDecoder(): (body: Uint8Array) => ObservedRule {
  const table = remembering(readString);
  const chain = remembering(readString);
  const comment = remembering(decodeComment);
  return (body) => {
    const { family, attributes } = decodeNetfilter(body);
    const handle = attributes.get(NFTA_RULE_HANDLE);
    const position = attributes.get(NFTA_RULE_POSITION);
    const userData = attributes.get(NFTA_RULE_USERDATA);
    const remark = userData === undefined ? undefined : comment(userData);
    return {
      family,
      table: table(attributes.get(NFTA_RULE_TABLE) ?? NOTHING),
      chain: chain(attributes.get(NFTA_RULE_CHAIN) ?? NOTHING),
      handle: handle === undefined ? 0n : readBe64(handle),
      raw: attributes.get(NFTA_RULE_EXPRESSIONS) ?? NOTHING,
      ...(position === undefined ? {} : { position: readBe64(position) }),
      ...(userData === undefined ? {} : { userData }),
      ...(remark === undefined ? {} : { comment: remark }),
    };
  };
}

/** The rule's expressions, decoded anew by each call. RangeError when malformed. */
export function expressionsOf(rule: ObservedRule): Expression[] {
  return decodeExpressions(rule.raw);
}

/** The function, which gives its last answer again where the bytes are the same again. */
function remembering<Value>(
  read: (bytes: Uint8Array) => Value,
): (bytes: Uint8Array) => Value {
  let last: { readonly bytes: Uint8Array; readonly value: Value } | undefined;
  return (bytes) => {
    if (last === undefined || !sameBytes(last.bytes, bytes))
      last = { bytes, value: read(bytes) };
    return last.value;
  };
}

const NOTHING = new Uint8Array(0);
