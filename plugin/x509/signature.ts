import { type KeyObject, sign, verify } from "node:crypto";
import { der, type DerElement, elementsOf, expectTag, TAG } from "./der.ts";
import { decodeOid, encodeOid, OID } from "./oid.ts";

/** Hashes by the algorithms that name them. */
const HASHES: Readonly<Record<string, string>> = {
  [OID.ecdsaWithSha256]: "sha256",
  [OID.ecdsaWithSha384]: "sha384",
  [OID.ecdsaWithSha512]: "sha512",
};

/** What this signs by: RFC 5758 §3.2, without parameters. */
export const SIGNATURE_ALGORITHM = der(
  TAG.sequence,
  encodeOid(OID.ecdsaWithSha384),
);

/** Something signed: itself, the algorithm, the signature. */
export function signed(content: Buffer, key: KeyObject): Buffer {
  const signature = sign("sha384", content, key);
  return der(
    TAG.sequence,
    content,
    SIGNATURE_ALGORITHM,
    der(TAG.bitString, Buffer.of(0), signature),
  );
}

/**
 * Whether a signature is this key's, by an algorithm that is taken.
 *
 * @throws RangeError for what is no signature
 */
export function isSignedBy(
  key: KeyObject,
  content: DerElement,
  [algorithm, signature]: readonly (DerElement | undefined)[],
): boolean {
  const parts = elementsOf(expectTag(algorithm, TAG.sequence).content);
  const hash = HASHES[decodeOid(expectTag(parts[0], TAG.oid).content)];
  const bits = expectTag(signature, TAG.bitString).content;
  if (hash === undefined || parts.length !== 1 || bits[0] !== 0) return false;
  return verify(hash, content.whole, key, bits.subarray(1));
}
