/** What stands for plugin/fence/rules.ts in the program of {@link policiesOnly}: nothing to do, ever. */
import type * as Rules from "../../../plugin/fence/rules.ts";

export const planRules: typeof Rules.planRules = () => ({ operations: [] });
export const planRulesQuickly: typeof Rules.planRulesQuickly = planRules;
export const applyRules: typeof Rules.applyRules = () => [];
