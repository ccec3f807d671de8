import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import { ask, begin } from "../api/request.ts";
import { API_VERSION, KEYS, PATHS, SYSTEM } from "../names.ts";
import { removeObject } from "../api/remove.ts";
import { described, describing, type OwnWords } from "./describe.ts";
import { type Here, lookHere, requireNew } from "./here.ts";
import type { Invitation } from "./invitation.ts";
import {
  accountOf,
  invitationSecret,
  makeAccount,
  makeToken,
  pathsOf,
  putSecret,
  TOKEN_SECONDS,
} from "./objects.ts";
import { requireWay } from "./probe.ts";
import {
  readNetworks,
  requireNoOverlap,
  requireReachableUrl,
} from "./preflight.ts";

/** An answer to an invitation. */
export interface Joining {
  readonly invitation: Invitation;
  /** This cluster's API server, as the other's pods reach it. */
  readonly server: string;
  /** What is said of this cluster beforehand. */
  readonly words: OwnWords;
  /** Takes a sentence of what could not be found out. */
  readonly warn: (sentence: string) => void;
}

/**
 * Answers an invitation: afterwards both clusters' publishers read each other.
 *
 * @throws CniError 7 for what would not work, before anything is written; rejects with ApiError
 */
export async function join(
  access: Access,
  { invitation, server, words, warn }: Joining,
): Promise<void> {
  const { from, to } = invitation;
  const remote: Access = {
    server: invitation.server,
    credentials: () => ({
      token: invitation.token,
      ca: invitation.ca === "" ? undefined : invitation.ca,
    }),
  };
  const here = described(await lookHere(access), words);
  requireSense(here, invitation, server);
  const describe = await describing(access, here, words);
  await requireSameTime(remote);
  const way = { server: invitation.server, ca: invitation.ca, from: to };
  await requireWay(access, way, warn);
  // It renews itself from now on; the invitation's own ends within the hour.
  const { token } = await makeToken(remote, accountOf(to), TOKEN_SECONDS);
  await describe();
  await makeAccount(access, from);
  try {
    await answer(remote, invitation, {
      server,
      ca: access.credentials().ca ?? "",
      token: (await makeToken(access, accountOf(from), TOKEN_SECONDS)).token,
    });
  } catch (error) {
    for (const path of pathsOf(from)) await removeObject(access, path);
    throw error;
  }
  await writePeer(access, invitation, token);
}

/** Its Cluster last: whoever sees that has all the rest. */
async function writePeer(
  access: Access,
  { from, keyring, ca, server, networks }: Invitation,
  token: string,
): Promise<void> {
  await putSecret(
    access,
    { name: from, namespace: KEYS },
    { "keyring.json": keyring },
  );
  await putSecret(
    access,
    { name: accountOf(from), namespace: SYSTEM },
    { token, "ca.crt": ca },
  );
  await ask(access, {
    method: "POST",
    path: PATHS.clusters,
    body: peerCluster(from, server, networks),
  });
}

/** A Cluster that is read from a peer. */
export function peerCluster(
  name: string,
  server: string,
  allowedCIDRs: readonly string[],
): object {
  return {
    apiVersion: API_VERSION,
    kind: "Cluster",
    metadata: { name },
    spec: { peer: { server, allowedCIDRs } },
  };
}

/** @throws CniError 7 for names, URLs and networks that would not go together */
export function requireSense(
  here: Here,
  {
    from,
    to,
    networks,
    server: theirs,
  }: Pick<Invitation, "from" | "to" | "networks" | "server">,
  ours: string,
): void {
  const { name } = here.own.metadata;
  if (name !== to)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot use the invitation: it is for "${to}", and this cluster is "${name}"`,
      { details: `ask "${from}" for one by \`crosslink invite ${name}\`` },
    );
  requireNew(here, from);
  requireReachableUrl(theirs);
  requireReachableUrl(ours);
  requireNoOverlap(from, readNetworks(networks), here.networks);
}

/** More, and tokens would be refused for being of the future or of the past. */
const SKEW_MS = 300_000;

async function requireSameTime(remote: Access): Promise<void> {
  const { response, abort } = await begin(remote, {
    path: PATHS.clusters,
    query: { limit: "1" },
  });
  abort();
  const theirs = Date.parse(response.headers.date ?? "");
  const skew = Math.abs(Date.now() - theirs);
  if (!(skew > SKEW_MS)) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot join: this machine's clock and that of ${remote.server} are ${Math.round(skew / 60_000)} minutes apart`,
    { details: "set both clocks, by NTP" },
  );
}

/** Once: the Secret cannot be changed afterwards, and goes when it was read. */
async function answer(
  remote: Access,
  { from, to }: Invitation,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  try {
    await ask(remote, {
      method: "PATCH",
      path: `${PATHS.secrets}/${invitationSecret(to)}`,
      body: { stringData: texts, immutable: true },
    });
  } catch (error) {
    if (!isStatus(error, 404) && !isStatus(error, 422)) throw error;
    throw new CniError(
      ErrorCode.invalidConfiguration,
      "Cannot use the invitation: it was answered already, or withdrawn",
      {
        details: `ask "${from}" for a new one by \`crosslink invite ${to}\``,
        cause: error,
      },
    );
  }
}
