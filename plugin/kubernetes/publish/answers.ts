import { CniError } from "../../../cni/error.ts";
import type { Log } from "../../kernel/log.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import type { ApiObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import { peerCluster } from "../join/join.ts";
import {
  accountOf,
  INVITATION_SECONDS,
  invitationSecret,
  patchSecret,
} from "../join/objects.ts";
import { readNetworks, requireReachableUrl } from "../join/preflight.ts";
import { isClusterName, PATHS, SYSTEM } from "../names.ts";
import { textIn } from "../join/peer-secret.ts";
import { removeObject } from "../api/remove.ts";

const PREFIX = invitationSecret("");

/** Longer than any token or bundle of certificates of an answer. */
const LONGEST = 64 * 1024;

/** An invitation that has come to nothing. */
export interface Failed {
  readonly peer: string;
  readonly reason: "AnswerRefused" | "InvitationExpired";
  readonly sentence: string;
}

/**
 * Takes what invited clusters have answered: their Secret becomes the one that they are read by, and a Cluster. One that came to
 * nothing is taken away.
 */
export async function takeAnswers(
  access: Access,
  secrets: readonly ApiObject[],
  log: Log,
): Promise<Failed[]> {
  const failed: Failed[] = [];
  const fail = async (path: string, failure: Failed): Promise<void> => {
    log("warn", failure.sentence, { cluster: failure.peer });
    await removeObject(access, path);
    failed.push(failure);
  };
  for (const secret of secrets) {
    const peer = invitedBy(secret);
    if (peer === undefined) continue;
    const path = `${PATHS.secrets}/${secret.metadata.name}`;
    if (textIn(secret, "token") === undefined) {
      if (!isOld(secret)) continue;
      const sentence = `Nobody answered the invitation of "${peer}" within its hour; invite it again, or take back the rest: crosslink leave ${peer}`;
      await fail(path, { peer, reason: "InvitationExpired", sentence });
      continue;
    }
    const kept = secrets.find(
      ({ metadata }) => metadata.name === accountOf(peer),
    );
    const taken = read(secret, kept);
    if (typeof taken === "string") {
      await fail(path, { peer, reason: "AnswerRefused", sentence: taken });
      continue;
    }
    const { server, networks, ...texts } = taken;
    const place = { name: accountOf(peer), namespace: SYSTEM };
    await patchSecret(access, place, texts);
    await create(access, peerCluster(peer, server, networks));
    await removeObject(access, path);
    log("info", "an invited cluster has answered", { cluster: peer, server });
  }
  return failed;
}

/** Whom an invitation is for. */
function invitedBy({ metadata: { name } }: ApiObject): string | undefined {
  const peer = name.slice(PREFIX.length);
  return name.startsWith(PREFIX) && isClusterName(peer) ? peer : undefined;
}

/** Twice an invitation's life: this machine's clock may be off by an hour. */
function isOld({ metadata: { creationTimestamp } }: ApiObject): boolean {
  const made = Date.parse(creationTimestamp ?? "");
  return Date.now() - made > 2 * INVITATION_SECONDS * 1000;
}

/**
 * Of the answer the peer may have written every word. What it may claim the admin who invited it wrote, where the peer cannot.
 *
 * @param kept the Secret that it is to be read by
 */
function read(secret: ApiObject, kept: ApiObject | undefined) {
  const [server = "", token = "", ca = ""] = ["server", "token", "ca"].map(
    (key) => textIn(secret, key),
  );
  const allowed = textIn(kept, "allowed");
  if (allowed === undefined)
    return "An answer came of a cluster that nobody invited; invite it again";
  try {
    requireReachableUrl(server);
    const isSmall = [server, token, ca].every(({ length }) => length < LONGEST);
    if (!isSmall || !/^[\w.~+/=-]+$/.test(token))
      return "An invited cluster's answer is no answer; invite it again";
    const networks = readNetworks(JSON.parse(allowed) as string[]);
    return {
      server,
      token,
      "ca.crt": ca,
      networks: networks.map(({ text }) => text),
    };
  } catch (error) {
    if (error instanceof CniError) return `${error.message}; invite it again`;
    throw error;
  }
}

/** One that is there is this one, of a turn that was cut short, or the admin's. */
async function create(access: Access, body: object): Promise<void> {
  try {
    await ask(access, { method: "POST", path: PATHS.clusters, body });
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
  }
}
