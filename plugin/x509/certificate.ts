import {
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  type Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  type Name,
  SubjectKeyIdentifier,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { criticalExtension, extension } from "./extension.ts";
import { alternativeName, distinguishedName } from "./name.ts";
import { decode, decodePem, encodePem } from "./pem.ts";
import { publicKeyInfo, readPrivateKey } from "./key.ts";
import { SIGNATURE_ALGORITHM, signatureOf } from "./signature.ts";

const LABEL = "CERTIFICATE";

/** Ten years: an authority is made anew with its successor beside it. */
const AUTHORITY_SECONDS = 3650 * 24 * 3600;

/** Clocks differ: a certificate holds since so long before it was made. */
const CLOCK_SECONDS = 300;

/** Who signs certificates. */
export interface Authority {
  /** Its own certificate, as PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
  readonly name: Name;
  readonly keyIdentifier: KeyIdentifier;
}

/** From when on, and for how long. */
interface Life {
  readonly now: Date;
  readonly seconds: number;
}

/** An authority's own certificate for the key of a cluster, as PEM. */
export function certifyAuthority(
  cluster: string,
  key: KeyObject,
  now: Date,
): string {
  const name = distinguishedName(`CA of ${cluster}`);
  const publicKey = createPublicKey(key);
  return certify({
    ...{ issuer: name, subject: name, publicKey, key },
    life: { now, seconds: AUTHORITY_SECONDS },
    extensions: [
      criticalExtension(
        id_ce_basicConstraints,
        new BasicConstraints({ cA: true, pathLenConstraint: 0 }),
      ),
      criticalExtension(
        id_ce_keyUsage,
        new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign),
      ),
      ownIdentifier(publicKey),
    ],
  });
}

/** What is certified of a node. */
interface CertifiedKey extends Life {
  readonly publicKey: KeyObject;
  /** What no other certificate is for, where it is to have the same serial whenever it is signed again. */
  readonly unique?: string;
}

/** A node's certificate in its one name, as PEM. */
export function certifyNode(
  { name, key, keyIdentifier }: Authority,
  identity: string,
  { publicKey, unique, ...life }: CertifiedKey,
): string {
  return certify({
    ...{ issuer: name, key, publicKey, life, unique },
    subject: distinguishedName(identity),
    extensions: [
      extension(id_ce_subjectAltName, alternativeName(identity)),
      criticalExtension(id_ce_basicConstraints, new BasicConstraints()),
      criticalExtension(
        id_ce_keyUsage,
        new KeyUsage(KeyUsageFlags.digitalSignature),
      ),
      extension(
        id_ce_extKeyUsage,
        new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth]),
      ),
      ownIdentifier(publicKey),
      authorityIdentifier(keyIdentifier),
    ],
  });
}

/** What a certificate, or a list, names the key of its signer by. */
export function authorityIdentifier(keyIdentifier: KeyIdentifier): Extension {
  return extension(
    id_ce_authorityKeyIdentifier,
    new AuthorityKeyIdentifier({ keyIdentifier }),
  );
}

function ownIdentifier(publicKey: KeyObject): Extension {
  return extension(id_ce_subjectKeyIdentifier, identifierOf(publicKey));
}

/** RFC 7093 §2, method 1: the leftmost 160 bits of the key's SHA-256. */
function identifierOf(publicKey: KeyObject): SubjectKeyIdentifier {
  const { subjectPublicKey } = publicKeyInfo(publicKey);
  const digest = hash("sha256", new Uint8Array(subjectPublicKey), "buffer");
  return new SubjectKeyIdentifier(new Uint8Array(digest).slice(0, 20));
}

function certify(wanted: {
  readonly issuer: Name;
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly key: KeyObject;
  readonly life: Life;
  readonly unique?: string | undefined;
  readonly extensions: Extension[];
}): string {
  const { issuer, subject, publicKey, key, life, unique, extensions } = wanted;
  const tbsCertificate = new TBSCertificate({
    ...{ version: Version.v3, serialNumber: newSerial(unique) },
    ...{ signature: SIGNATURE_ALGORITHM, issuer, subject },
    validity: new Validity({
      notBefore: new Date(life.now.getTime() - CLOCK_SECONDS * 1000),
      notAfter: new Date(life.now.getTime() + life.seconds * 1000),
    }),
    subjectPublicKeyInfo: publicKeyInfo(publicKey),
    extensions: new Extensions(extensions),
  });
  return encodePem(
    LABEL,
    new Certificate({
      tbsCertificate,
      signatureAlgorithm: SIGNATURE_ALGORITHM,
      signatureValue: signatureOf(tbsCertificate, key),
    }),
  );
}

/** Positive, in the shortest spelling, and nobody's twice: 126 bits, random or of what is unique (RFC 5280 §4.1.2.2). */
function newSerial(unique?: string): ArrayBuffer {
  const bytes = new Uint8Array(
    unique === undefined
      ? randomBytes(16)
      : hash("sha256", unique, "buffer").subarray(0, 16),
  );
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.buffer;
}

/**
 * Reads an authority out of its certificate and key.
 *
 * @throws RangeError where they are none, or do not belong together; no key is in its words
 */
export function readAuthority(certificate: string, key: string): Authority {
  const { tbsCertificate } = decodePem(LABEL, certificate, Certificate);
  const { subject, extensions } = tbsCertificate;
  const keyObject = readPrivateKey(key);
  const x509 = new X509Certificate(certificate);
  if (!x509.ca || !x509.checkPrivateKey(keyObject))
    throw new RangeError("certificate and key are not one authority's");
  const own = extensions?.find(
    ({ extnID }) => extnID === id_ce_subjectKeyIdentifier,
  );
  return {
    certificate,
    key: keyObject,
    name: subject,
    keyIdentifier:
      own === undefined
        ? identifierOf(x509.publicKey)
        : decode(own.extnValue.buffer, KeyIdentifier),
  };
}
