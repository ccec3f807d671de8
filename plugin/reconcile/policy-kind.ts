import type { ObservedPolicy, SecurityPolicy } from "../../native/index.ts";
import { ownsPolicy } from "../owned.ts";
import type { Kind } from "./diff.ts";
import { policyServes } from "./equality.ts";
import { policyIdentity } from "./identity.ts";

/** Somebody else's policy that does the same serves at whatever priority; ours must have the right one. */
export const POLICIES: Kind<SecurityPolicy, ObservedPolicy> = {
  identity: policyIdentity,
  owns: ownsPolicy,
  equals: (wanted, found) =>
    policyServes(wanted, found) &&
    (found.priority === wanted.priority || !ownsPolicy(found)),
};
