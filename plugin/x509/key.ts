import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import { decode } from "./pem.ts";

/** A public key as certificates and requests hold it. */
export function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  const bytes = key.export({ type: "spki", format: "der" });
  return decode(bytes, SubjectPublicKeyInfo);
}

/** The kinds of keys that are taken, in DER: id-ecPublicKey with P-256 and with P-384 (RFC 5480 §2.1.1). */
const KINDS: readonly string[] = [
  "301306072a8648ce3d020106082a8648ce3d030107",
  "301006072a8648ce3d020106052b81040022",
];

/**
 * Reads a public key; undefined for one of another kind. Of those, as of curves with parameters of their own, OpenSSL is not even asked.
 *
 * @throws RangeError for a point that is not on its curve
 */
export function readPublicKey(
  info: SubjectPublicKeyInfo,
): KeyObject | undefined {
  const kind = Buffer.from(AsnConvert.serialize(info.algorithm));
  if (!KINDS.includes(kind.toString("hex"))) return undefined;
  const key = Buffer.from(AsnConvert.serialize(info));
  try {
    return createPublicKey({ key, format: "der", type: "spki" });
  } catch {
    throw new RangeError("a point that is not on its curve");
  }
}

/** Reads a private key. @throws RangeError for what is none of ECDSA as PEM */
export function readPrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ec") return key;
  } catch {
    // What OpenSSL says may quote what it was given.
  }
  throw new RangeError("the key is no EC key as PEM");
}
