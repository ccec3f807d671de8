import { isObject } from "../../../cni/configuration.ts";
import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import {
  accountOf,
  makeToken,
  patchSecret,
  TOKEN_SECONDS,
} from "../join/objects.ts";
import type { ClusterObject } from "../kinds.ts";
import { SYSTEM } from "../names.ts";
import { peerAccess, textIn } from "../join/peer-secret.ts";

/** Renews the token by which a peer is read, once half of its life is over. One that says nothing of its life stays. */
export async function renewToken(
  access: Access,
  { metadata: { name }, spec: { peer } }: ClusterObject,
  secret: ApiObject | undefined,
): Promise<void> {
  const token = textIn(secret, "token");
  const account = accountToRenew(token, Date.now() / 1000);
  if (peer === undefined || account === undefined) return;
  const remote = peerAccess(peer.server, () => secret);
  const made = await makeToken(remote, account, TOKEN_SECONDS);
  await patchSecret(
    access,
    { name: accountOf(name), namespace: SYSTEM },
    { token: made.token },
  );
}

/**
 * The account of our namespace that a token is of, where half of the token's life is over (RFC 7519 §4.1). Nothing is proved by
 * that: its own API server does.
 *
 * @param now seconds since 1970
 */
export function accountToRenew(
  token: string | undefined,
  now: number,
): string | undefined {
  const claims = claimsIn(token);
  const [from, to] = [Number(claims?.["iat"]), Number(claims?.["exp"])];
  if (!(now > (from + to) / 2) || !(now < to)) return undefined;
  const prefix = `system:serviceaccount:${SYSTEM}:`;
  const subject = claims?.["sub"];
  const isOurs = typeof subject === "string" && subject.startsWith(prefix);
  const account = isOurs ? subject.slice(prefix.length) : "";
  return /^peer-[a-z0-9-]{1,63}$/.test(account) ? account : undefined;
}

function claimsIn(
  token: string | undefined,
): Record<string, unknown> | undefined {
  try {
    const part = token?.split(".")[1] ?? "";
    const text = Buffer.from(part, "base64url").toString("utf8");
    const claims: unknown = JSON.parse(text);
    return isObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
