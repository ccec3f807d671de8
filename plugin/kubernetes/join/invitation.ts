import { createHmac, timingSafeEqual } from "node:crypto";
import { isObject } from "../../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { jsonOrNothing } from "../../../files/json.ts";
import { isClusterName } from "../names.ts";

/** What one cluster's admin hands to another's: with it, and for an hour, the other may answer. It is a secret. */
export interface Invitation {
  /** Who invites, and whom. */
  readonly from: string;
  readonly to: string;
  /** The inviter's API server, as the other cluster's pods reach it. */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  /** RFC 3339. */
  readonly expires: string;
  /** What a keyring file says, for the pair alone. */
  readonly keyring: string;
  /** The inviter's networks, which the other lets it claim. */
  readonly networks: readonly string[];
}

const KIND = "crosslink invitation 1";

const TEXTS = [
  "from",
  "to",
  "server",
  "ca",
  "token",
  "expires",
  "keyring",
] as const;

/** The file's text. Its last word tells a slip of an editor, or a file that was cut; who may read it could forge it. */
export function invitationText(invitation: Invitation): string {
  const file = { kind: KIND, ...invitation, check: checkOf(invitation) };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads an invitation. No message repeats a secret.
 *
 * @throws CniError 7 for what is none, was changed, or has expired
 */
export function readInvitation(text: string, now: number): Invitation {
  const file = jsonOrNothing(text);
  if (!isObject(file) || file["kind"] !== KIND)
    throw refuse("it is no invitation, or another version's", ASK_AGAIN);
  const invitation = fieldsOf(file);
  if (invitation === undefined || !isUnchanged(invitation, file["check"]))
    throw refuse("it was changed or cut on its way", ASK_AGAIN);
  const expires = Date.parse(invitation.expires);
  if (!(expires > now))
    throw refuse(
      `it has expired at ${invitation.expires}, and it is ${new Date(now).toISOString()}`,
      "ask for a new one, and look at this machine's clock",
    );
  return invitation;
}

const ASK_AGAIN =
  "ask for a new one: it is what `crosslink invite` printed, word by word";

function refuse(fact: string, details: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use the invitation: ${fact}`,
    { details },
  );
}

function fieldsOf(file: Record<string, unknown>): Invitation | undefined {
  const { networks } = file;
  const isWhole =
    TEXTS.every((key) => typeof file[key] === "string") &&
    Array.isArray(networks) &&
    networks.every((one) => typeof one === "string");
  if (!isWhole) return undefined;
  const { kind: _kind, check: _check, ...rest } = file;
  const invitation = rest as unknown as Invitation;
  return isClusterName(invitation.from) && isClusterName(invitation.to)
    ? invitation
    : undefined;
}

function checkOf(invitation: Invitation): string {
  const parts = [
    ...TEXTS.map((key) => invitation[key]),
    ...invitation.networks,
  ];
  return createHmac("sha256", invitation.keyring)
    .update(JSON.stringify(parts))
    .digest("hex");
}

function isUnchanged(invitation: Invitation, check: unknown): boolean {
  const [wanted, found] = [checkOf(invitation), String(check)].map((text) =>
    Buffer.from(text),
  );
  return (
    wanted !== undefined &&
    found?.length === wanted.length &&
    timingSafeEqual(wanted, found)
  );
}
