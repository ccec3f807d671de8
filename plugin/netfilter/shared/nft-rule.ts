import {
  type Expression,
  expressionsKey,
} from "../../../native/nftables/expression/expression.ts";
import {
  expressionsOf,
  type ObservedRule,
} from "../../../native/nftables/rule.ts";
import { OWN_COMMENT } from "../own.ts";
import type { SharedRule } from "./chain.ts";

/** A rule of nf_tables as one of a shared chain. `takes` says of a foreign rule's expressions whether it takes packets away. */
export function nftSharedRule(
  rule: ObservedRule,
  takes: (expressions: readonly Expression[]) => boolean,
): SharedRule {
  const expressions = expressionsOf(rule);
  const name = { backend: "nft", handle: rule.handle } as const;
  return isOurs(rule, expressions)
    ? { key: nftKey(expressions), takes: false, name }
    : { takes: takes(expressions), name };
}

/** What a rule does, as a text that is the same for rules that do the same, whoever wrote them down. */
export function nftKey(expressions: readonly Expression[]): string {
  return expressionsKey(
    expressions.filter(
      (expression) =>
        expression.kind !== "counter" && !isOurComment(expression),
    ),
  );
}

function isOurs(
  { comment }: ObservedRule,
  expressions: readonly Expression[],
): boolean {
  return comment === OWN_COMMENT || expressions.some(isOurComment);
}

/** A rule that went through iptables-save and -restore has its comment as a match: struct xt_comment_info, char[256]. */
function isOurComment(expression: Expression): boolean {
  return (
    expression.kind === "match" &&
    expression.name === "comment" &&
    textOf(expression.info) === OWN_COMMENT
  );
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString(
    "utf8",
  );
}
