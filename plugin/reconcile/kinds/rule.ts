import { formatPrefix, type SourceRule } from "../../../native/index.ts";
import { type Handling, oneByOne } from "../handling.ts";

/** Of what an earlier version left behind. */
export interface RuleOperation {
  readonly object: "rule";
  readonly verb: "delete";
  readonly rule: SourceRule;
}

export const rule: Handling<RuleOperation> = {
  words: ({ rule: { source, table, priority } }) =>
    `rule ${String(priority)} from ${formatPrefix(source)} lookup ${String(table)}`,
  take: oneByOne(({ route }, { rule }) => {
    route.deleteRule(rule);
  }),
};
