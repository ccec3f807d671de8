import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Access } from "../api/access.ts";
import { described, type OwnWords } from "./describe.ts";
import { lookHere } from "./here.ts";
import { invite } from "./invite.ts";
import { join, requireSense } from "./join.ts";
import { leave } from "./leave.ts";
import { requireWay } from "./probe.ts";
import { sharesAlone } from "./preflight.ts";

/** Two clusters of one admin, each by the URL that the other's pods reach it by. */
export interface JoiningBoth {
  readonly inviter: Access;
  readonly joiner: Access;
  /** Said of the joiner. */
  readonly words: OwnWords;
  /** Takes a sentence of what works, but not for long. */
  readonly warn: (sentence: string) => void;
}

/**
 * Joins two clusters whose admin has both: the one invites, the other answers. Where the answer fails, the invitation is taken
 * back.
 *
 * @returns their names
 * @throws CniError 7 for what would not work, before anything is written; rejects with ApiError
 */
export async function joinBoth({
  inviter,
  joiner,
  words,
  warn,
}: JoiningBoth): Promise<readonly [string, string]> {
  const host = await lookHere(inviter);
  const guest = described(await lookHere(joiner), words);
  const [from, to] = [host.own.metadata.name, guest.own.metadata.name];
  const textsOf = ({ networks }: typeof host, name: string) =>
    (networks.get(name) ?? []).map(({ text }) => text);
  const allowedCIDRs = [...new Set(textsOf(guest, to))];
  if (allowedCIDRs.length === 0)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot join "${to}": its publisher knows no network of its pods`,
      { details: "give --cluster-pod-cidrs CIDR,CIDR" },
    );
  const narrow =
    words.spec.podCIDRs === undefined
      ? sharesAlone(guest.own, allowedCIDRs)
      : undefined;
  if (narrow !== undefined) warn(narrow);
  const { server } = inviter;
  const networks = textsOf(host, from);
  requireSense(guest, { from, to, networks, server }, joiner.server);
  const ca = joiner.credentials().ca ?? "";
  await requireWay(inviter, { server: joiner.server, ca, from }, warn);
  const invitation = await invite(inviter, {
    ...{ to, server, allowedCIDRs, warn },
  });
  try {
    await join(joiner, { invitation, server: joiner.server, words, warn });
  } catch (error) {
    await leave(inviter, to);
    throw error;
  }
  return [from, to];
}
