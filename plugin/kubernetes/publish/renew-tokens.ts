import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import { accountOf } from "../join/objects.ts";
import type { ClusterObject } from "../kinds.ts";
import { SYSTEM } from "../names.ts";
import type { Troubles } from "../troubles.ts";
import type { Telling } from "./telling.ts";
import { renewToken } from "./tokens.ts";

/** What renewing tokens needs. */
export interface Renewing {
  readonly access: Access;
  readonly telling: Telling;
  /** Is told by peer why its token could not be renewed; returns those that have begun. */
  readonly unrenewed: (troubles: Troubles) => Troubles;
}

/**
 * Renews the tokens that are due. A peer that does not answer is told of by its condition as well, once its token is over.
 *
 * @param secrets those of crosslink-system, by namespace and name
 */
export async function renewTokens(
  { access, telling, unrenewed }: Renewing,
  peers: readonly ClusterObject[],
  secrets: ReadonlyMap<string, ApiObject> | undefined,
): Promise<void> {
  const troubles = new Map<string, string>();
  for (const peer of peers) {
    const { name } = peer.metadata;
    const secret = secrets?.get(`${SYSTEM}/${accountOf(name)}`);
    await renewToken(access, peer, secret).catch((error: unknown) => {
      troubles.set(name, error instanceof Error ? error.message : "");
    });
  }
  const begun = unrenewed(troubles);
  for (const peer of peers) {
    const note = begun.get(peer.metadata.name);
    if (note === undefined) continue;
    const news = { reason: "TokenNotRenewed", note, isTrouble: true };
    await telling.happened(peer, news);
  }
}
