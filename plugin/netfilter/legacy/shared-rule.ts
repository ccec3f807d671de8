import { OWN_COMMENT } from "../../owned.ts";
import { commentOf, savedRuleKey, type SavedRule } from "../base/save.ts";
import type { SharedRule } from "../shared/chain.ts";

/** A saved rule as one of a shared chain. */
export function legacySharedRule(
  rule: SavedRule,
  takes: (rule: SavedRule) => boolean,
): SharedRule {
  const name = { backend: "legacy", text: rule.text } as const;
  return commentOf(rule) === OWN_COMMENT
    ? { key: savedRuleKey(rule.words), takes: false, name }
    : { takes: takes(rule), name };
}
