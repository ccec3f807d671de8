import { createPublicKey, type KeyObject } from "node:crypto";
import {
  contextTag,
  der,
  type DerElement,
  elementsOf,
  expectCount,
  expectTag,
  onlyElement,
  TAG,
} from "./der.ts";
import { decodeExtensions, encodeExtensions } from "./extension.ts";
import {
  commonNameOf,
  decodeDnsNames,
  decodeName,
  encodeDnsName,
  encodeName,
  type NameWord,
} from "./name.ts";
import { decodeOid, encodeOid, OID } from "./oid.ts";
import { decodePem, encodePem } from "./pem.ts";
import { isSignedBy, signed } from "./signature.ts";

const LABEL = "CERTIFICATE REQUEST";

/** [0] of CertificationRequestInfo: RFC 2986 §4.1. */
const ATTRIBUTES = contextTag(0, "constructed");

/** What somebody asks an authority for. */
export interface CertificateRequest {
  readonly subject: readonly NameWord[];
  /** The DNS names that are asked for as subjectAltName. */
  readonly dnsNames: readonly string[];
  /** Whatever else is asked for: extensions and attributes, in dots. */
  readonly others: readonly string[];
  /** Undefined for a key of another kind than ECDSA with P-256 or P-384. */
  readonly publicKey: KeyObject | undefined;
  /** Whether who asks has shown that the private key is there. */
  readonly isProven: boolean;
}

/** Asks for a certificate in a name: PKCS #10 (RFC 2986), as PEM. */
export function requestCertificate(
  identity: string,
  {
    publicKey,
    key,
  }: { readonly publicKey: KeyObject; readonly key: KeyObject },
): string {
  const names = { oid: OID.subjectAltName, value: encodeDnsName(identity) };
  const extensions = encodeExtensions([names]);
  const asked = der(
    TAG.sequence,
    encodeOid(OID.extensionRequest),
    der(TAG.set, extensions),
  );
  const info = der(
    TAG.sequence,
    der(TAG.integer, Buffer.of(0)),
    encodeName(commonNameOf(identity)),
    publicKey.export({ type: "spki", format: "der" }),
    der(ATTRIBUTES, asked),
  );
  return encodePem(LABEL, signed(info, key));
}

/**
 * Reads what somebody asks for, who may have written any bytes.
 *
 * @throws RangeError for what is no request
 */
export function readRequest(pem: string): CertificateRequest {
  const { content } = onlyElement(decodePem(LABEL, pem), TAG.sequence);
  const [info, algorithm, signature, ...rest] = elementsOf(content);
  expectCount(rest, 0);
  const body = expectTag(info, TAG.sequence);
  const [version, subject, key, attributes, ...more] = elementsOf(body.content);
  expectCount(more, 0);
  if (!expectTag(version, TAG.integer).content.equals(Buffer.of(0)))
    throw new RangeError("a request of an unknown version");
  const publicKey = readPublicKey(expectTag(key, TAG.sequence));
  return {
    subject: decodeName(expectTag(subject, TAG.sequence).content),
    ...readAttributes(attributes),
    publicKey,
    isProven:
      publicKey !== undefined &&
      isSignedBy(publicKey, body, [algorithm, signature]),
  };
}

/** Uncompressed points (RFC 5480 §2.2) by curve; bytes with the bits' own first. */
const POINTS: Readonly<Record<string, number>> = {
  [OID.p256]: 66,
  [OID.p384]: 98,
};

/** Of other kinds OpenSSL is not even asked. */
function readPublicKey(key: DerElement): KeyObject | undefined {
  const [algorithm, point, ...rest] = elementsOf(key.content);
  expectCount(rest, 0);
  const [type, curve] = elementsOf(expectTag(algorithm, TAG.sequence).content);
  if (type?.tag !== TAG.oid || decodeOid(type.content) !== OID.ecPublicKey)
    return undefined;
  const name = decodeOid(expectTag(curve, TAG.oid).content);
  const bits = expectTag(point, TAG.bitString).content;
  if (bits.length !== POINTS[name] || bits[1] !== 0x04) return undefined;
  try {
    return createPublicKey({ key: key.whole, format: "der", type: "spki" });
  } catch {
    throw new RangeError("a point that is not on its curve");
  }
}

function readAttributes(
  element: DerElement | undefined,
): Pick<CertificateRequest, "dnsNames" | "others"> {
  if (element === undefined) return { dnsNames: [], others: [] };
  const all = elementsOf(expectTag(element, ATTRIBUTES).content).map(
    (attribute) => {
      const parts = elementsOf(expectTag(attribute, TAG.sequence).content);
      const [type, values, ...rest] = parts;
      expectCount(rest, 0);
      return {
        oid: decodeOid(expectTag(type, TAG.oid).content),
        values: expectTag(values, TAG.set).content,
      };
    },
  );
  const extensions = all
    .filter(({ oid }) => oid === OID.extensionRequest)
    .flatMap(({ values }) => decodeExtensions(values));
  const isName = ({ oid }: { oid: string }): boolean =>
    oid === OID.subjectAltName;
  return {
    dnsNames: extensions
      .filter(isName)
      .flatMap(({ value }) => decodeDnsNames(value)),
    others: [
      ...all.filter(({ oid }) => oid !== OID.extensionRequest),
      ...extensions.filter((extension) => !isName(extension)),
    ].map(({ oid }) => oid),
  };
}
