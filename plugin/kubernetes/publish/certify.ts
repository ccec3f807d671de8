import type { Log } from "../../kernel/log.ts";
import type { Authority } from "../../x509/certificate.ts";
import type { Access } from "../api/access.ts";
import { ApiError } from "../api/error.ts";
import type { ApiObject } from "../api/object.ts";
import type { OwnList } from "../certificates/own-list.ts";
import { namedIn } from "../certificates/revoke.ts";
import { signRequests } from "../certificates/sign.ts";
import { removeSpent, type SignedByNode } from "../certificates/signed.ts";
import type { ClusterObject } from "../kinds.ts";
import type { Troubles } from "../troubles.ts";
import type { Telling } from "./telling.ts";

/** What answering requests for certificates needs. */
export interface Certifying {
  readonly access: Access;
  readonly log: Log;
  readonly telling: Telling;
  /** Is told why no certificate could be signed. */
  readonly uncertified: (troubles: Troubles) => Troubles;
}

/** Answers requests for nodes' certificates, where there is an authority that can sign. What cannot be written holds up nothing else. */
export async function certify(
  { access, log, telling, uncertified }: Certifying,
  own: ClusterObject,
  known: {
    readonly authority: Authority | undefined;
    readonly nodes: readonly ApiObject[];
    readonly requests: readonly ApiObject[];
    readonly signed: SignedByNode;
    readonly revoked: OwnList["revoked"];
  },
): Promise<void> {
  const { authority } = known;
  if (authority === undefined) return;
  const cluster = own.metadata.name;
  const named = namedIn(own);
  const signing = { ...known, access, log, cluster, authority, named };
  try {
    await removeSpent(access, known.signed);
    for (const { request, node, sentence } of await signRequests(signing))
      await telling.happened(own, {
        reason: "CertificateDenied",
        note: `of CertificateSigningRequest "${request}": ${sentence}`,
        isTrouble: true,
        about: node,
      });
    uncertified(new Map());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    uncertified(new Map([["", error.message]]));
  }
}
