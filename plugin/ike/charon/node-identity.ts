import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../../../conf/secret.ts";
import { isErrno } from "../../../files/errno.ts";
import { isTrusted } from "../../../files/trusted.ts";

/** What a node proves itself by. */
export interface NodeIdentity {
  /** As PEM. */
  readonly certificate: string;
  /** The private key, as PEM. */
  readonly key: Secret;
  /** Nobody takes the certificate any longer from then on, in seconds since 1970. */
  readonly untilSeconds: number;
}

/** A node's private key, born there, which never leaves it; beside the keyring. */
export const NODE_KEY = "node.key";

/** What the cluster's authority has signed. */
export const NODE_CERTIFICATE = "node.crt";

/** How each trouble with what this node has to show begins. */
export const NO_PROOF = "This node cannot prove who it is";

const SIGNING =
  "make a request with `crosslink ca request`, have it signed by `crosslink ca sign`, and put the answer there";

/**
 * Reads a node's key and certificate.
 *
 * @param id `NODE.CLUSTER`, which the certificate has to say
 * @returns a sentence where they do not serve, with what to do
 */
export function readIdentity(
  folder: string,
  id: string,
  now = new Date(),
): NodeIdentity | string {
  const keyPath = join(folder, NODE_KEY);
  const path = join(folder, NODE_CERTIFICATE);
  try {
    const { mode, uid } = statSync(keyPath);
    if ((mode & 0o077) !== 0 || !isTrusted(uid))
      return `${NO_PROOF}: ${keyPath} is not root's alone: run chmod 0600, and make a new one where others could have read it`;
    const key = readFileSync(keyPath, "utf8");
    const certificate = readFileSync(path, "utf8");
    const parsed = new X509Certificate(certificate);
    const trouble = troubleOf(parsed, createPrivateKey(key), { id, now });
    return trouble === undefined
      ? {
          certificate,
          key: new Secret(Buffer.from(key)),
          untilSeconds: Math.floor(Date.parse(parsed.validTo) / 1000),
        }
      : `${NO_PROOF}: ${path} ${trouble}`;
  } catch (error) {
    const what = isErrno(error)
      ? `${error.path ?? folder}: ${error.code}`
      : `${path} or its key makes no sense`;
    return `${NO_PROOF} (${what}): ${SIGNING}`;
  }
}

/** Where somebody is to bring a certificate, what is in the way of that is the trouble. */
export function orAwaited(
  identity: NodeIdentity | string,
  awaited: string | undefined,
): NodeIdentity | string {
  return typeof identity === "string" && awaited !== undefined
    ? `${NO_PROOF} yet: ${awaited}`
    : identity;
}

function troubleOf(
  certificate: X509Certificate,
  key: KeyObject,
  { id, now }: { readonly id: string; readonly now: Date },
): string | undefined {
  if (certificate.checkHost(id) === undefined)
    return `is not for ${id}: ${SIGNING}`;
  if (!certificate.checkPrivateKey(key))
    return `is not for the key beside it: ${SIGNING}`;
  const { validFrom, validTo } = certificate;
  if (now < new Date(validFrom) || now > new Date(validTo))
    return `is valid from ${validFrom} to ${validTo}: look at this node's clock, or have it signed again`;
  return undefined;
}
