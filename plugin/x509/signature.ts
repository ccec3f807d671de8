import { type KeyObject, sign, verify } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

/** Keys and hashes by the algorithms that name them: ECDSA (RFC 5758 §3.2), and RSA (RFC 4055 §5), as others' authorities have it. */
const ALGORITHMS: Readonly<
  Record<string, { readonly key: "ec" | "rsa"; readonly hash: string }>
> = {
  "1.2.840.10045.4.3.2": { key: "ec", hash: "sha256" },
  "1.2.840.10045.4.3.3": { key: "ec", hash: "sha384" },
  "1.2.840.10045.4.3.4": { key: "ec", hash: "sha512" },
  "1.2.840.113549.1.1.11": { key: "rsa", hash: "sha256" },
  "1.2.840.113549.1.1.12": { key: "rsa", hash: "sha384" },
  "1.2.840.113549.1.1.13": { key: "rsa", hash: "sha512" },
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
  content: ArrayBuffer | Uint8Array,
  {
    algorithm,
    signature,
  }: {
    readonly algorithm: AlgorithmIdentifier;
    readonly signature: ArrayBuffer | Uint8Array;
  },
): boolean {
  const known = ALGORITHMS[algorithm.algorithm];
  if (known === undefined || known.key !== key.asymmetricKeyType) return false;
  // RSA's are NULL, ECDSA's are left out.
  if (algorithm.parameters !== (known.key === "rsa" ? null : undefined))
    return false;
  const bytes = new Uint8Array(content);
  return verify(known.hash, bytes, key, new Uint8Array(signature));
}
