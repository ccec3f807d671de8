import { setTimeout as sleep } from "node:timers/promises";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import {
  isNextOf,
  isSameKeyring,
  newestOf,
  nextStep,
  step,
  type WrittenKeyring,
} from "../../../conf/rotation.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import { list } from "../api/list.ts";
import type { ApiObject } from "../api/object.ts";
import { asCluster } from "../kinds.ts";
import { PATHS, requireClusterName } from "../names.ts";
import { lookHere } from "./here.ts";
import { accountOf } from "./objects.ts";
import { pairKeyring, writePairKeyring } from "./pair-keyring.ts";
import { peerAccess } from "./peer-secret.ts";

/** How a rotation is done. */
export interface Rotating {
  readonly peer: string;
  /** How long the nodes of both clusters have for a step, once both API servers have it; milliseconds. */
  readonly settleMs: number;
  /** Told of each step, without secrets. */
  readonly tell: (sentence: string) => void;
}

/** The peer's publisher follows its keyring; this is long for that: milliseconds. */
const PEER_MS = 120_000;
const LOOK_MS = 500;

/**
 * Rotates a pair's key from this side: adds the next, sends with it, retires the old one. Each step is taken once the peer has
 * the one before, and nodes have had time for it. One that was interrupted goes on where it stopped.
 *
 * @throws CniError 7 where there is no such peer or keyring, or it does not follow; rejects with ApiError
 */
export async function rotate(
  access: Access,
  { peer, settleMs, tell }: Rotating,
): Promise<void> {
  requireClusterName(peer);
  const { own } = await lookHere(access);
  const remote = await remoteOf(access, peer);
  const names = { own: own.metadata.name, peer };
  for (let begun = false; ;) {
    const { secret, keyring } = await untilBothAgree(access, remote, names);
    const next = nextStep(keyring);
    if (next === "rotate" && begun) return;
    if (next !== "rotate") await sleep(settleMs);
    const after = step(keyring, next);
    try {
      await writePairKeyring(access, secret, after);
      begun = true;
      tell(SENTENCES[next](newestOf(after)));
    } catch (error) {
      // The other side's own rotation, or another admin's: what it has become is looked at again.
      if (!isStatus(error, 409)) throw error;
    }
  }
}

const SENTENCES = {
  rotate: (id: number) => `Key ${id} is added: both sides will accept it`,
  activate: (id: number) => `Key ${id} is active: both sides will send with it`,
  retire: (id: number) => `Key ${id} is the only one left`,
} as const;

/** How the publisher reads the peer. */
async function remoteOf(access: Access, peer: string): Promise<Access> {
  const cluster = await find(access, PATHS.clusters, peer);
  const secret = await find(access, PATHS.secrets, accountOf(peer));
  const server =
    cluster === undefined ? undefined : asCluster(cluster).spec.peer?.server;
  if (server !== undefined && secret !== undefined)
    return peerAccess(server, () => secret);
  throw refuse(
    peer,
    "it is no peer that joined",
    "`crosslink peers` has those that did",
  );
}

/** Waits until both API servers have the same keyring of the pair. */
async function untilBothAgree(
  access: Access,
  remote: Access,
  { own, peer }: { readonly own: string; readonly peer: string },
) {
  const end = performance.now() + PEER_MS;
  for (;;) {
    const secret = await find(access, PATHS.keyrings, peer);
    const keyring = pairKeyring(secret);
    if (secret === undefined || keyring === undefined)
      throw refuse(
        peer,
        `Secret "${peer}" of crosslink-keys holds no keyring of the pair`,
        "leave, invite and join again",
      );
    const theirs = pairKeyring(await readTheirs(remote, own, peer));
    if (theirs !== undefined && isSameKeyring(theirs, keyring))
      return { secret, keyring };
    requireOnItsWay(theirs, keyring, peer);
    if (performance.now() > end)
      throw refuse(
        peer,
        "its publisher does not take the step that this side has taken",
        "look at its publisher and at `crosslink peers` there, and run this again: it goes on here",
      );
    await sleep(LOOK_MS);
  }
}

/** One side is a step ahead, or both have added a key. */
function requireOnItsWay(
  theirs: WrittenKeyring | undefined,
  ours: WrittenKeyring,
  peer: string,
): void {
  if (
    theirs !== undefined &&
    (isNextOf(theirs, ours, true) || isNextOf(ours, theirs, true))
  )
    return;
  throw refuse(
    peer,
    "it has another keyring for this pair",
    "leave, invite and join again",
  );
}

async function readTheirs(
  remote: Access,
  own: string,
  peer: string,
): Promise<ApiObject | undefined> {
  try {
    return await find(remote, PATHS.keyrings, own);
  } catch (error) {
    if (!isStatus(error, 403)) throw error;
    throw refuse(
      peer,
      "it does not let its keyring of the pair be read",
      `let its ServiceAccount "${accountOf(own)}" list and watch Secret "${own}" of crosslink-keys there, or leave, invite and join again`,
    );
  }
}

/** By a list, which is all that the publisher's and a peer's accounts may. */
async function find(
  access: Access,
  path: string,
  name: string,
): Promise<ApiObject | undefined> {
  const fieldSelector = `metadata.name=${name}`;
  return (await list(access, { path, fieldSelector })).objects[0];
}

function refuse(peer: string, fact: string, details: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot rotate the key shared with "${peer}": ${fact}`,
    { details },
  );
}
