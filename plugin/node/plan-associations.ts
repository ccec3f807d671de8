import {
  type ObservedAssociation,
  sameBytes,
  type SecurityAssociation,
} from "../../native/index.ts";
import { ownsPolicy, ownsReqid } from "../owned.ts";
import { associationServes, sameKey } from "../reconcile/equality.ts";
import { associationIdentity } from "../reconcile/identity.ts";
import type { AssociationOperation } from "../reconcile/operation.ts";
import { describeAssociation } from "../reconcile/sentence.ts";
import type { DesiredState, ObservedState } from "./state.ts";

/** Steps for SAs. */
export interface AssociationPlan {
  readonly needed: readonly AssociationOperation[];
  readonly stale: readonly AssociationOperation[];
  readonly conflicts: readonly string[];
}

/** Compares the wanted SAs with all SAs of the kernel; what charon has made is left to it. */
export function planAssociations(
  {
    associations: desired,
    ikeReqids,
  }: Pick<DesiredState, "associations" | "ikeReqids">,
  observed: Pick<ObservedState, "associations" | "policies">,
): AssociationPlan {
  const owned = ownedReqids(desired, observed.policies);
  const present = new Map(
    observed.associations.map((sa) => [associationIdentity(sa), sa]),
  );
  const verdicts = desired.map((sa) =>
    judge(sa, present.get(associationIdentity(sa)), owned),
  );
  return {
    needed: verdicts.filter((verdict) => typeof verdict === "object"),
    stale: staleOperations(
      desired,
      observed.associations,
      (reqid) => owned(reqid) && !ikeReqids.has(reqid),
    ),
    conflicts: verdicts.filter((verdict) => typeof verdict === "string"),
  };
}

/**
 * Which reqids are ours. A static key may name one outside of our range; then it is ours where a
 * wanted SA, or the template of a policy of ours, carries it.
 */
function ownedReqids(
  desired: readonly SecurityAssociation[],
  policies: ObservedState["policies"],
): (reqid: number) => boolean {
  const named = new Set(desired.map(({ reqid }) => reqid));
  for (const policy of policies) {
    if (ownsPolicy(policy))
      for (const { reqid } of policy.templates) named.add(reqid);
  }
  return (reqid) => ownsReqid(reqid) || named.has(reqid);
}

/** A step, a conflict, or nothing where the kernel's SA already serves. */
function judge(
  wanted: SecurityAssociation,
  observed: ObservedAssociation | undefined,
  owned: (reqid: number) => boolean,
): AssociationOperation | string | undefined {
  if (observed === undefined)
    return { object: "association", verb: "add", association: wanted };
  if (associationServes(wanted, observed)) return undefined;
  if (!owned(observed.reqid)) {
    return `another program's SA stands where crosslink needs ${describeAssociation(wanted)}: remove it, or the program that set it`;
  }
  // A derived key's SPI holds its id: another key behind it, for the same two ends, is the same id with another secret.
  if (
    ownsReqid(wanted.reqid) &&
    wanted.reqid === observed.reqid &&
    sameBytes(wanted.source, observed.source) &&
    !sameKey(wanted, observed)
  ) {
    return `the keyring holds another secret under the key id of ${describeAssociation(wanted)}: give a new secret a new id, or run \`crosslink teardown\` first`;
  }
  return { object: "association", verb: "replace", association: wanted };
}

function staleOperations(
  desired: readonly SecurityAssociation[],
  observed: readonly ObservedAssociation[],
  owned: (reqid: number) => boolean,
): AssociationOperation[] {
  const wanted = new Set(desired.map(associationIdentity));
  return observed
    .filter(isEsp)
    .filter((sa) => owned(sa.reqid) && !wanted.has(associationIdentity(sa)))
    .map((sa) => ({ object: "association", verb: "delete", association: sa }));
}

/** Ours are all ESP with an AEAD; the check also gives the compiler the key that it wants. */
function isEsp(
  sa: ObservedAssociation,
): sa is ObservedAssociation & SecurityAssociation {
  return sa.protocol === 50 && sa.aead !== undefined;
}
