import type { ObservedPolicy, SecurityPolicy } from "../../native/index.ts";
import { diff } from "../reconcile/diff.ts";
import type { PolicyOperation } from "../reconcile/operation.ts";
import { POLICIES } from "../reconcile/policy-kind.ts";
import { describePolicy } from "../reconcile/sentence.ts";

/** Steps for policies, apart by the moment at which each kind may be taken. */
export interface PolicyPlan {
  readonly block: readonly PolicyOperation[];
  /** Directions in and fwd: without them a decrypted packet is dropped. */
  readonly inbound: readonly PolicyOperation[];
  readonly outbound: readonly PolicyOperation[];
  readonly staleProtection: readonly PolicyOperation[];
  readonly staleBlock: readonly PolicyOperation[];
  readonly conflicts: readonly string[];
}

/** Compares the wanted policies with all policies of the kernel. */
export function planPolicies(
  desired: readonly SecurityPolicy[],
  observed: readonly ObservedPolicy[],
): PolicyPlan {
  const found = diff(desired, observed, POLICIES);
  const needed = [
    ...found.missing.map((policy) => step("add", policy)),
    ...found.changed.map(({ wanted }) => step("update", wanted)),
  ];
  const stale = found.stale.map((policy) => step("delete", policy));
  return {
    block: needed.filter(({ policy }) => !isProtection(policy)),
    inbound: needed.filter(
      ({ policy }) => isProtection(policy) && policy.direction !== "out",
    ),
    outbound: needed.filter(
      ({ policy }) => isProtection(policy) && policy.direction === "out",
    ),
    staleProtection: stale.filter(({ policy }) => isProtection(policy)),
    staleBlock: stale.filter(({ policy }) => !isProtection(policy)),
    conflicts: found.conflicts.map(
      ({ wanted, found: { priority } }) =>
        `another program's policy (priority ${String(priority)}) stands where crosslink needs ${describePolicy(wanted)}: remove it, or the program that set it`,
    ),
  };
}

function step(
  verb: PolicyOperation["verb"],
  policy: SecurityPolicy,
): PolicyOperation {
  return { object: "policy", verb, policy };
}

function isProtection(policy: SecurityPolicy): boolean {
  return policy.action === "allow";
}
