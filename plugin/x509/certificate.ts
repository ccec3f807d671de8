import {
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import {
  contextTag,
  der,
  type DerElement,
  elementsOf,
  expectTag,
  onlyElement,
  TAG,
} from "./der.ts";
import {
  decodeExtensions,
  encodeExtensions,
  type Extension,
} from "./extension.ts";
import { commonNameOf, encodeDnsName, encodeName } from "./name.ts";
import { encodeOid, OID } from "./oid.ts";
import { decodePem, encodePem } from "./pem.ts";
import { SIGNATURE_ALGORITHM, signed } from "./signature.ts";

const LABEL = "CERTIFICATE";

/** Fields of TBSCertificate by their numbers: RFC 5280 §4.1. */
const VERSION = contextTag(0, "constructed");
const EXTENSIONS = contextTag(3, "constructed");

/** keyIdentifier of an AuthorityKeyIdentifier: RFC 5280 §4.2.1.1. */
const KEY_IDENTIFIER = contextTag(0, "primitive");

/** As `crosslink ca init` has it: ten years. */
const AUTHORITY_SECONDS = 3650 * 24 * 3600;

/** Clocks differ: a certificate holds since so long before it was made. */
const CLOCK_SECONDS = 300;

/** Who signs certificates. */
export interface Authority {
  /** Its own certificate, as PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
  /** Its name, encoded. */
  readonly name: Buffer;
  readonly keyIdentifier: Buffer;
}

/** From when on, and for how long. */
export interface Life {
  readonly now: Date;
  readonly seconds: number;
}

/** An authority's own certificate for the key of a cluster, as PEM. */
export function certifyAuthority(
  cluster: string,
  key: KeyObject,
  now: Date,
): string {
  const name = encodeName(commonNameOf(`CA of ${cluster}`));
  const publicKey = createPublicKey(key);
  return certify({
    ...{ issuer: name, subject: name, publicKey, key },
    life: { now, seconds: AUTHORITY_SECONDS },
    extensions: [
      {
        oid: OID.basicConstraints,
        critical: true,
        value: der(TAG.sequence, TRUE, der(TAG.integer, Buffer.of(0))),
      },
      { oid: OID.keyUsage, critical: true, value: usage(1, 0b0000_0110) },
      ownIdentifier(publicKey),
    ],
  });
}

/** A node's certificate in its one name, as PEM: what `crosslink ca sign` makes. */
export function certifyNode(
  authority: Authority,
  identity: string,
  { publicKey, ...life }: { readonly publicKey: KeyObject } & Life,
): string {
  const purposes = [OID.serverAuth, OID.clientAuth].map(encodeOid);
  const { keyIdentifier } = authority;
  return certify({
    ...{ issuer: authority.name, key: authority.key, publicKey, life },
    subject: encodeName(commonNameOf(identity)),
    extensions: [
      { oid: OID.subjectAltName, value: encodeDnsName(identity) },
      { oid: OID.basicConstraints, critical: true, value: der(TAG.sequence) },
      { oid: OID.keyUsage, critical: true, value: usage(7, 0b1000_0000) },
      { oid: OID.extendedKeyUsage, value: der(TAG.sequence, ...purposes) },
      ownIdentifier(publicKey),
      {
        oid: OID.authorityKeyIdentifier,
        value: der(TAG.sequence, der(KEY_IDENTIFIER, keyIdentifier)),
      },
    ],
  });
}

const TRUE = der(TAG.boolean, Buffer.of(0xff));

/** A KeyUsage, whose bits are counted from the left: RFC 5280 §4.2.1.3. */
function usage(unusedBits: number, bits: number): Buffer {
  return der(TAG.bitString, Buffer.of(unusedBits, bits));
}

function ownIdentifier(publicKey: KeyObject): Extension {
  const value = der(TAG.octetString, identifierOf(publicKey));
  return { oid: OID.subjectKeyIdentifier, value };
}

/** RFC 7093 §2, method 1: the leftmost 160 bits of the key's SHA-256. */
function identifierOf(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const [, point] = elementsOf(onlyElement(spki, TAG.sequence).content);
  const bits = expectTag(point, TAG.bitString).content.subarray(1);
  return hash("sha256", bits, "buffer").subarray(0, 20);
}

function certify(wanted: {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly key: KeyObject;
  readonly life: Life;
  readonly extensions: readonly Extension[];
}): string {
  const { issuer, subject, publicKey, key, life, extensions } = wanted;
  const from = life.now.getTime() - CLOCK_SECONDS * 1000;
  const to = life.now.getTime() + life.seconds * 1000;
  const content = der(
    TAG.sequence,
    der(VERSION, der(TAG.integer, Buffer.of(2))),
    der(TAG.integer, newSerial()),
    SIGNATURE_ALGORITHM,
    issuer,
    der(TAG.sequence, encodeTime(new Date(from)), encodeTime(new Date(to))),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(EXTENSIONS, encodeExtensions(extensions)),
  );
  return encodePem(LABEL, signed(content, key));
}

/** Positive, in the shortest spelling, and nobody's twice: 126 random bits (RFC 5280 §4.1.2.2). */
function newSerial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** UTCTime until 2049, and GeneralizedTime after: RFC 5280 §4.1.2.5. */
function encodeTime(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
  return date.getUTCFullYear() < 2050
    ? der(TAG.utcTime, Buffer.from(text.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(text));
}

/**
 * Reads an authority out of its certificate and key.
 *
 * @throws RangeError where they are none, or do not belong together; no key is in its words
 */
export function readAuthority(certificate: string, key: string): Authority {
  const fields = fieldsOf(certificate);
  const subject = fields.filter(({ tag }) => tag === TAG.sequence)[3];
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS);
  const keyObject = privateKey(key);
  const x509 = new X509Certificate(certificate);
  if (!x509.ca || !x509.checkPrivateKey(keyObject))
    throw new RangeError("certificate and key are not one authority's");
  const own = (
    extensions === undefined ? [] : decodeExtensions(extensions.content)
  ).find(({ oid }) => oid === OID.subjectKeyIdentifier);
  return {
    certificate,
    key: keyObject,
    name: expectTag(subject, TAG.sequence).whole,
    keyIdentifier:
      own === undefined
        ? identifierOf(x509.publicKey)
        : onlyElement(own.value, TAG.octetString).content,
  };
}

/** Those of its TBSCertificate: sequences among them are, in turn, algorithm, issuer, validity, subject and key. */
function fieldsOf(certificate: string): readonly DerElement[] {
  const { content } = onlyElement(decodePem(LABEL, certificate), TAG.sequence);
  const [tbs] = elementsOf(content);
  return elementsOf(expectTag(tbs, TAG.sequence).content);
}

function privateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ec") return key;
  } catch {
    // What OpenSSL says may quote what it was given.
  }
  throw new RangeError("the key is no EC key as PEM");
}
