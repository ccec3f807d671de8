import {
  formatAddress,
  IPPROTO_ESP,
  missingAlgorithm,
  type NetlinkError,
  type ObservedAssociation,
  type SecurityAssociation,
} from "../../../native/index.ts";
import { associationServes } from "../equality.ts";
import { type Handling, isGone } from "../handling.ts";
import { hex } from "../hex.ts";
import { associationIdentity } from "../identity.ts";
import type { Mended } from "../steps.ts";

/** `replace` deletes and adds: XFRM_MSG_UPDSA cannot change a key, an address or a reqid. */
export type AssociationOperation =
  | {
      readonly object: "association";
      readonly verb: "add" | "replace";
      readonly association: SecurityAssociation;
    }
  | {
      readonly object: "association";
      readonly verb: "delete";
      readonly association: ObservedAssociation;
    };

/** Whose reqids are whose. */
export interface ReqidOwners {
  readonly owns: (reqid: number) => boolean;
  /** Of what another part of crosslink makes and deletes. */
  readonly keeps: (reqid: number) => boolean;
}

/** SAs are told apart by their reqids alone. */
export function associations({
  owns,
  keeps,
}: ReqidOwners): Mended<
  SecurityAssociation,
  ObservedAssociation,
  AssociationOperation
> {
  return {
    identity: associationIdentity,
    owns: ({ reqid }) => owns(reqid),
    keeps: (found) => keeps(found.reqid) || !isOfOurMaking(found),
    equals: associationServes,
    add: (association) => ({ object: "association", verb: "add", association }),
    change: (association) => ({
      object: "association",
      verb: "replace",
      association,
    }),
    remove: (association) => ({
      object: "association",
      verb: "delete",
      association,
    }),
    conflict: (wanted) =>
      `another program's SA stands where crosslink needs ${describeAssociation(wanted)}: remove it, or the program that set it`,
  };
}

/** Ours are all ESP with an AEAD. */
function isOfOurMaking({ protocol, aead }: ObservedAssociation): boolean {
  return protocol === IPPROTO_ESP && aead !== undefined;
}

export const association: Handling<AssociationOperation> = {
  words: (step) => describeAssociation(step.association),
  lacks: missingAlgorithm,
  take: ({ xfrm }, steps, tell) => {
    const report = (results: readonly (NetlinkError | undefined)[]): void => {
      steps.forEach((step, index) => {
        tell(step, results[index]);
      });
    };
    const old = steps.filter(({ verb }) => verb !== "add");
    if (old.length > 0)
      // What is to be replaced may have expired in the meantime.
      report(
        xfrm
          .deleteAssociations(old.map((step) => step.association))
          .map((error) => (isGone(error) ? undefined : error)),
      );
    const fresh = steps.flatMap((step) =>
      step.verb === "delete" ? [] : [step.association],
    );
    if (fresh.length > 0) report(xfrm.addAssociations(fresh));
  },
};

/** An SA in the words of `ip xfrm state`. */
function describeAssociation(
  sa: Pick<SecurityAssociation, "source" | "destination" | "spi" | "reqid">,
): string {
  return `SA ${formatAddress(sa.source)} -> ${formatAddress(sa.destination)} spi ${hex(sa.spi)} reqid ${hex(sa.reqid)}`;
}
