import { isNextOf } from "../../../conf/rotation.ts";
import type { Log } from "../../kernel/log.ts";
import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import { pairKeyring, writePairKeyring } from "../join/pair-keyring.ts";

/** Both sides' Secrets with the keyrings of pairs. */
export interface PairKeyrings {
  /** This cluster's name. */
  readonly own: string;
  readonly others: readonly string[];
  /** Ours, each named after the peer. */
  readonly secrets: readonly ApiObject[];
  /** The peer's, of the same pair. */
  readonly theirs: (peer: string) => ApiObject | undefined;
}

/** Takes the step of a rotation that a peer has taken, and nothing else of its keyring: another one stays out. */
export async function takeKeyrings(
  { access, log }: { readonly access: Access; readonly log: Log },
  { own, others, secrets, theirs }: PairKeyrings,
): Promise<void> {
  for (const peer of others) {
    const secret = secrets.find(({ metadata }) => metadata.name === peer);
    const ours = pairKeyring(secret);
    const next = pairKeyring(theirs(peer));
    if (secret === undefined || ours === undefined || next === undefined)
      continue;
    if (!isNextOf(next, ours, peer < own)) continue;
    await writePairKeyring(access, secret, next);
    log("info", "a peer's keyring has taken a step, and so does ours", {
      cluster: peer,
    });
  }
}
