import type {
  ObservedPolicy,
  PolicyId,
  SecurityPolicy,
} from "../../native/xfrm/sp.ts";
import { ownsPolicy } from "../owned.ts";
import { policyServes } from "../reconcile/equality.ts";
import { policyIdentity } from "../reconcile/identity.ts";
import type { PolicyOperation } from "../reconcile/operation.ts";
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
  const present = byIdentity(observed);
  const wanted = byIdentity(desired);
  const verdicts = [...wanted].map(([identity, policy]) =>
    judge(policy, present.get(identity)),
  );
  const needed = verdicts.filter((verdict) => typeof verdict === "object");
  const stale = staleOperations(wanted, present);
  return {
    block: needed.filter(({ policy }) => policy.action === "block"),
    inbound: needed.filter(
      ({ policy }) => isProtection(policy) && policy.direction !== "out",
    ),
    outbound: needed.filter(
      ({ policy }) => isProtection(policy) && policy.direction === "out",
    ),
    staleProtection: stale.filter(({ policy }) => isProtection(policy)),
    staleBlock: stale.filter(({ policy }) => policy.action === "block"),
    conflicts: verdicts.filter((verdict) => typeof verdict === "string"),
  };
}

/** A step, a conflict, or nothing where the kernel's policy already serves. */
function judge(
  wanted: SecurityPolicy,
  observed: ObservedPolicy | undefined,
): PolicyOperation | string | undefined {
  if (observed === undefined)
    return { object: "policy", verb: "add", policy: wanted };
  const serves = policyServes(wanted, observed);
  if (!ownsPolicy(observed))
    return serves ? undefined : conflict(wanted, observed);
  if (serves && observed.priority === wanted.priority) return undefined;
  return { object: "policy", verb: "update", policy: wanted };
}

function conflict(wanted: SecurityPolicy, observed: ObservedPolicy): string {
  return `another program's policy (priority ${String(observed.priority)}) stands where crosslink needs ${describePolicy(wanted)}: remove it, or the program that set it`;
}

/** The kernel holds one policy of an identity, and so does a plan. */
function byIdentity<Policy extends PolicyId>(
  policies: readonly Policy[],
): Map<string, Policy> {
  return new Map(policies.map((policy) => [policyIdentity(policy), policy]));
}

function staleOperations(
  wanted: ReadonlyMap<string, SecurityPolicy>,
  present: ReadonlyMap<string, ObservedPolicy>,
): PolicyOperation[] {
  return [...present]
    .filter(([identity, policy]) => ownsPolicy(policy) && !wanted.has(identity))
    .map(([, policy]) => ({ object: "policy", verb: "delete", policy }));
}

function isProtection(policy: SecurityPolicy): boolean {
  return policy.action === "allow";
}
