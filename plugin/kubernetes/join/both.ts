import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Access } from "../api/access.ts";
import { described, type OwnWords } from "./describe.ts";
import { lookHere } from "./here.ts";
import { invite } from "./invite.ts";
import { join, requireSense } from "./join.ts";
import { leave } from "./leave.ts";

/**
 * Joins two clusters whose admin has both: the one invites, the other answers. Where the answer fails, the invitation is taken
 * back.
 *
 * @param inviter and `joiner`: each by the URL that the other's pods reach it by
 * @param words said of the joiner
 * @returns their names
 * @throws CniError 7 for what would not work, before anything is written; rejects with ApiError
 */
export async function joinBoth(
  inviter: Access,
  joiner: Access,
  words: OwnWords,
): Promise<readonly [string, string]> {
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
  const { server } = inviter;
  const networks = textsOf(host, from);
  requireSense(guest, { from, to, networks, server }, joiner.server);
  const invitation = await invite(inviter, { to, server, allowedCIDRs });
  try {
    await join(joiner, { invitation, server: joiner.server, words });
  } catch (error) {
    await leave(inviter, to);
    throw error;
  }
  return [from, to];
}
