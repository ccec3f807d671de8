import {
  formatAddress,
  formatPrefix,
  type ObservedPolicy,
  type SecurityPolicy,
} from "../../../native/index.ts";
import { ownsPolicy } from "../../owned.ts";
import { policyServes } from "../equality.ts";
import type { Handling } from "../handling.ts";
import { hex } from "../hex.ts";
import { policyIdentity } from "../identity.ts";
import type { Mended } from "../steps.ts";

export interface PolicyOperation {
  readonly object: "policy";
  readonly verb: "add" | "update" | "delete";
  readonly policy: SecurityPolicy;
}

/** Somebody else's policy that does the same serves at whatever priority; ours must have the right one. */
export const POLICIES: Mended<SecurityPolicy, ObservedPolicy, PolicyOperation> =
  {
    identity: policyIdentity,
    owns: ownsPolicy,
    equals: (wanted, found) =>
      policyServes(wanted, found) &&
      (found.priority === wanted.priority || !ownsPolicy(found)),
    add: (policy) => ({ object: "policy", verb: "add", policy }),
    change: (policy) => ({ object: "policy", verb: "update", policy }),
    remove: (policy) => ({ object: "policy", verb: "delete", policy }),
    conflict: (wanted, { priority }) =>
      `another program's policy (priority ${String(priority)}) stands where crosslink needs ${describePolicy(wanted)}: remove it, or the program that set it`,
  };

export const policy: Handling<PolicyOperation> = {
  words: ({ policy }) => describePolicy(policy),
  take: ({ xfrm }, steps, tell) => {
    const policies = steps.map(({ policy }) => policy);
    const calls = {
      add: () => xfrm.addPolicies(policies),
      update: () => xfrm.updatePolicies(policies),
      delete: () => xfrm.deletePolicies(policies),
    };
    const [first] = steps;
    const results = first === undefined ? [] : calls[first.verb]();
    steps.forEach((step, index) => {
      tell(step, results[index]);
    });
  },
};

/** A policy in the words of `ip xfrm policy`. */
function describePolicy(policy: SecurityPolicy): string {
  const { source, destination } = policy.selector;
  const head = `policy ${policy.direction} ${formatPrefix(source)} -> ${formatPrefix(destination)}`;
  const [template] = policy.templates;
  if (policy.action === "block") return `${head} block`;
  if (template === undefined) return `${head} allow`;
  return `${head} ${template.mode} ${formatAddress(template.source)} -> ${formatAddress(template.destination)} reqid ${hex(template.reqid)}`;
}
