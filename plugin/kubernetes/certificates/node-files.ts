import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "../../../files/errno.ts";
import { makeFolder } from "../../../files/folder.ts";
import { readSmallFile } from "../../../files/read.ts";
import { replaceFile } from "../../../files/replace.ts";
import { isTrusted } from "../../../files/trusted.ts";
import { newKey } from "../../ike/ca/authority.ts";
import { NODE_CERTIFICATE, NODE_KEY } from "../../ike/charon/node-identity.ts";

const LIMIT = { byteLimit: 64 * 1024 };

/**
 * Makes another key, where the one that is there was revoked: its certificate no longer fits, and is asked for anew.
 *
 * @throws what the kernel says where it cannot be written
 */
export function replaceKey(folder: string): void {
  const path = join(folder, NODE_KEY);
  replaceFile(path, newKey(), { mode: 0o600, uid: 0, gid: 0 });
}

/**
 * The key of this node, which is born here, and stays: a certificate that is renewed is for the same key, so that there is no moment
 * in which the two files do not fit.
 *
 * @returns a sentence where the key that is there does not serve
 * @throws what the kernel says where it cannot be written
 */
export function ownKey(folder: string): KeyObject | string {
  const path = join(folder, NODE_KEY);
  makeFolder(folder, 0o700);
  if (!existsSync(path)) replaceKey(folder);
  const { mode, uid } = statSync(path);
  if ((mode & 0o077) !== 0 || !isTrusted(uid))
    return `${path} is not root's alone: remove it, and another one is made`;
  try {
    const key = createPrivateKey(readSmallFile(path, LIMIT) ?? "");
    if (CURVES.includes(key.asymmetricKeyDetails?.namedCurve ?? "")) return key;
  } catch (error) {
    if (isErrno(error)) throw error;
    // What OpenSSL says may quote what it was given.
  }
  return `${path} is no key of ECDSA with P-256 or P-384: remove it, and another one is made`;
}

/** P-256 and P-384, as OpenSSL calls them. */
const CURVES: readonly string[] = ["prime256v1", "secp384r1"];

/** The certificate that is there; undefined where there is none that makes sense. */
export function heldCertificate(folder: string): X509Certificate | undefined {
  try {
    const text = readSmallFile(join(folder, NODE_CERTIFICATE), LIMIT);
    return text === undefined ? undefined : new X509Certificate(text);
  } catch {
    return undefined; // it is asked for again, and replaced whole
  }
}

/** @throws what the kernel says where it cannot be written */
export function writeCertificate(folder: string, pem: string): void {
  const path = join(folder, NODE_CERTIFICATE);
  replaceFile(path, pem, { mode: 0o644, uid: 0, gid: 0 });
}
