import { type Cidr, cidrOf } from "../../ip/cidr.ts";
import type { ObservedPolicy, SecurityPolicy } from "../../native/index.ts";
import { anyOf, block, prefixOf } from "../mesh/ipsec/block.ts";
import { outermostOf } from "../netfilter/base/network-pairs.ts";
import { BLOCK_PRIORITY } from "../owned.ts";
import { diff } from "../../diff/diff.ts";
import { POLICIES, type PolicyOperation } from "../reconcile/kinds/policy.ts";
import { type FenceWill, toStand } from "./will.ts";

/**
 * Nothing goes to a remote CIDR, comes from it or passes on from it in clear text, whatever its other end: not
 * before its protecting policies are there, and not from an address that they don't cover. That includes the
 * node's own addresses, so host-network traffic to remote pods is dropped.
 *
 * The other end is "any", since the kernel knows a policy by selector and direction: with the selector of a
 * protecting policy it would be that policy (EEXIST).
 *
 * The way out comes last, since a run that looks in between knows a fence by the others, and leaves it alone.
 */
export function blockPolicies(remotes: readonly Cidr[]): SecurityPolicy[] {
  return outermostOf(remotes).flatMap(blockPoliciesOf);
}

function blockPoliciesOf(remote: Cidr): SecurityPolicy[] {
  const far = prefixOf(remote);
  const any = anyOf(remote);
  return [
    block("in", { source: far, destination: any }),
    block("fwd", { source: far, destination: any }),
    block("out", { source: any, destination: far }),
  ];
}

/** The CIDRs that block policies guard now. An `out` alone is for what was not translated, which is no fence. */
function guardedByPolicies(policies: readonly ObservedPolicy[]): Cidr[] {
  const found = new Map<string, Cidr>();
  for (const { selector, direction, action, priority } of policies) {
    if (priority !== BLOCK_PRIORITY || action !== "block") continue;
    if (direction === "out" || selector.destination.length !== 0) continue;
    const cidr = cidrOf(selector.source.address, selector.source.length);
    found.set(cidr.text, cidr);
  }
  return [...found.values()];
}

/** The block policies that are to stand, where these policies are there; made for who goes through them. */
export function fencePolicies(
  will: FenceWill,
  observed: readonly ObservedPolicy[],
): Iterable<SecurityPolicy> {
  const remotes = outermostOf(toStand(will, guardedByPolicies(observed)));
  return {
    *[Symbol.iterator]() {
      for (const remote of remotes) yield* blockPoliciesOf(remote);
    },
  };
}

/** How many of the block policies do not stand: also where another program's is in the place of one. */
export function unraised(
  remotes: readonly Cidr[],
  observed: readonly ObservedPolicy[],
): number {
  const found = diff(blockPolicies(remotes), observed, POLICIES);
  const { missing, changed, conflicts } = found;
  return missing.length + changed.length + conflicts.length;
}

/** The steps to the fence's policies alone: first those that block, then those of what is released. */
export function planFencePolicies(
  will: FenceWill,
  observed: readonly ObservedPolicy[],
): PolicyOperation[] {
  const wanted = [...fencePolicies(will, observed)];
  const { missing, changed } = diff(wanted, observed, POLICIES);
  const kept = new Set(wanted.map(POLICIES.identity));
  const released =
    will.released === "all" ? guardedByPolicies(observed) : will.released;
  const theirs = new Set(blockPolicies(released).map(POLICIES.identity));
  const stale = observed.filter(
    (policy) =>
      POLICIES.owns(policy) &&
      theirs.has(POLICIES.identity(policy)) &&
      !kept.has(POLICIES.identity(policy)),
  );
  return [
    ...missing.map((policy) => step("add", policy)),
    ...changed.map((pair) => step("update", pair.wanted)),
    ...stale.map((policy) => step("delete", policy)),
  ];
}

function step(
  verb: PolicyOperation["verb"],
  policy: SecurityPolicy,
): PolicyOperation {
  return { object: "policy", verb, policy };
}
