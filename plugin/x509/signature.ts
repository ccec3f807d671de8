import { type KeyObject, sign, verify } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

/** Hashes by the algorithms that name them: RFC 5758 §3.2, ECDSA with each. */
const HASHES: Readonly<Record<string, string>> = {
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};

/** What this signs by, without parameters. */
export const SIGNATURE_ALGORITHM = new AlgorithmIdentifier({
  algorithm: "1.2.840.10045.4.3.3",
});

/** The signature of an object's DER. */
export function signatureOf(object: unknown, key: KeyObject): ArrayBuffer {
  const content = new Uint8Array(AsnConvert.serialize(object));
  return new Uint8Array(sign("sha384", content, key)).buffer;
}

/** Whether a signature is this key's, by an algorithm that is taken. */
export function isSignedBy(
  key: KeyObject,
  content: ArrayBuffer,
  {
    algorithm,
    signature,
  }: {
    readonly algorithm: AlgorithmIdentifier;
    readonly signature: ArrayBuffer;
  },
): boolean {
  const hash = HASHES[algorithm.algorithm];
  if (hash === undefined || algorithm.parameters !== undefined) return false;
  return verify(hash, new Uint8Array(content), key, new Uint8Array(signature));
}
