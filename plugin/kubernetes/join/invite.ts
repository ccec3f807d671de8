import { randomInt } from "node:crypto";
import { newKeyring } from "../../../conf/rotation.ts";
import type { Access } from "../api/access.ts";
import { KEYS, PATHS, requireClusterName, SYSTEM } from "../names.ts";
import { removeObject } from "../api/remove.ts";
import { lookHere, requireNew } from "./here.ts";
import type { Invitation } from "./invitation.ts";
import {
  accountOf,
  INVITATION_SECONDS,
  invitationSecret,
  makeAccount,
  makeToken,
  putSecret,
} from "./objects.ts";
import {
  readNetworks,
  requireNoOverlap,
  requireReachableUrl,
  sharesAlone,
} from "./preflight.ts";

/** Whom to invite, and what it may claim. */
export interface Inviting {
  readonly to: string;
  /** This cluster's API server, as the other's pods reach it. */
  readonly server: string;
  readonly allowedCIDRs: readonly string[];
  /** Takes a sentence of what works, but not for long. */
  readonly warn: (sentence: string) => void;
}

/**
 * Prepares this cluster for another's answer, and makes its invitation. Everything is looked at before anything is written.
 *
 * @throws CniError 7 for what would not work; rejects with ApiError
 */
export async function invite(
  access: Access,
  { to, server, allowedCIDRs, warn }: Inviting,
): Promise<Invitation> {
  requireClusterName(to);
  requireReachableUrl(server);
  const allowed = readNetworks(allowedCIDRs);
  const here = await lookHere(access);
  requireNew(here, to);
  requireNoOverlap(to, allowed, here.networks);
  const { name: from } = here.own.metadata;
  const networks = (here.networks.get(from) ?? []).map(({ text }) => text);
  const narrow = sharesAlone(here.own, networks);
  if (narrow !== undefined) warn(narrow);
  const keyring = pairsKeyring();
  // One that was answered cannot be written any more.
  await removeObject(access, `${PATHS.secrets}/${invitationSecret(to)}`);
  await putSecret(
    access,
    { name: invitationSecret(to), namespace: SYSTEM },
    { from },
  );
  // Not into the one above, which the peer may write.
  await putSecret(
    access,
    { name: accountOf(to), namespace: SYSTEM },
    { allowed: JSON.stringify(allowed.map(({ text }) => text)) },
  );
  await putSecret(
    access,
    { name: to, namespace: KEYS },
    { "keyring.json": keyring },
  );
  await makeAccount(access, to);
  const made = await makeToken(access, accountOf(to), INVITATION_SECONDS);
  return {
    ...{ from, to, server, keyring, networks, ...made },
    ca: access.credentials().ca ?? "",
  };
}

/** The id by chance: a pair that joins again has other SPIs, so that nobody takes its new keys for the old. */
function pairsKeyring(): string {
  return JSON.stringify(newKeyring(randomInt(1, 256)));
}
