import type { AssociationOperation } from "./kinds/association.ts";
import type { LabelOperation } from "./kinds/label.ts";
import type { LinkOperation } from "./kinds/link.ts";
import type { PolicyOperation } from "./kinds/policy.ts";
import type { ProxyOperation } from "./kinds/proxy.ts";
import type { RouteOperation } from "./kinds/route.ts";
import type { RuleOperation } from "./kinds/rule.ts";
import type { SysctlOperation } from "./kinds/sysctl.ts";

/** One step from what the kernel holds to what it should hold. Data, so that it can be shown. */
export type Operation = KernelOperation | RulesetOperation;

/** A step that is taken by itself. */
export type KernelOperation =
  | PolicyOperation
  | AssociationOperation
  | RouteOperation
  | SysctlOperation
  | LabelOperation
  | RuleOperation
  | LinkOperation
  | ProxyOperation;

/** A step of netfilter's, which is taken with others: the ruleset changes as a whole, or not at all. */
export interface RulesetOperation {
  readonly object: "nft" | "legacy";
  readonly verb: "add" | "change" | "delete";
  /** What it adds, changes or deletes, in an admin's words. */
  readonly sentence: string;
}
