import { createPublicKey, type KeyObject } from "node:crypto";
import {
  Attributes,
  CertificationRequest,
  CertificationRequestInfo,
} from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  Attribute,
  Extensions,
  id_ce_subjectAltName,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";
import { extension } from "./extension.ts";
import { publicKeyInfo, readPublicKey } from "./key.ts";
import {
  alternativeName,
  distinguishedName,
  dnsNamesOf,
  type NameWord,
  wordsOf,
} from "./name.ts";
import { decode, decodePem, encodePem } from "./pem.ts";
import { isSignedBy, SIGNATURE_ALGORITHM, signatureOf } from "./signature.ts";

const LABEL = "CERTIFICATE REQUEST";

/** extensionRequest: RFC 2985 §5.4.2. */
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/** What somebody asks an authority for. */
export interface CertificateRequest {
  readonly subject: readonly NameWord[];
  /** The DNS names that are asked for as subjectAltName. */
  readonly dnsNames: readonly string[];
  /** Whatever else is asked for: object identifiers of extensions and attributes. */
  readonly others: readonly string[];
  /** Undefined for a key of another kind than ECDSA with P-256 or P-384. */
  readonly publicKey: KeyObject | undefined;
  /** Whether who asks has shown that the private key is there. */
  readonly isProven: boolean;
}

/**
 * Asks for a certificate for a key: PKCS #10 (RFC 2986), as PEM.
 *
 * @param identity the name that is asked for; without one it is for whoever signs to say
 */
export function requestCertificate(key: KeyObject, identity?: string): string {
  const certificationRequestInfo = new CertificationRequestInfo({
    subject: distinguishedName(identity),
    subjectPKInfo: publicKeyInfo(createPublicKey(key)),
    attributes: new Attributes(
      identity === undefined ? [] : [askingFor(identity)],
    ),
  });
  return encodePem(
    LABEL,
    new CertificationRequest({
      certificationRequestInfo,
      signatureAlgorithm: SIGNATURE_ALGORITHM,
      signature: signatureOf(certificationRequestInfo, key),
    }),
  );
}

function askingFor(identity: string): Attribute {
  const names = extension(id_ce_subjectAltName, alternativeName(identity));
  const value = AsnConvert.serialize(new Extensions([names]));
  return new Attribute({ type: EXTENSION_REQUEST, values: [value] });
}

/**
 * Reads what somebody asks for, who may have written any bytes.
 *
 * @throws RangeError for what is no request
 */
export function readRequest(pem: string): CertificateRequest {
  const {
    certificationRequestInfo: { version, subject, subjectPKInfo, attributes },
    certificationRequestInfoRaw: content,
    ...proof
  } = decodePem(LABEL, pem, CertificationRequest);
  if (version !== 0) throw new RangeError("a request of an unknown version");
  const publicKey = readPublicKey(subjectPKInfo);
  const { signatureAlgorithm: algorithm, signature } = proof;
  return {
    subject: wordsOf(subject),
    ...readAttributes(attributes),
    publicKey,
    isProven:
      publicKey !== undefined &&
      content !== undefined &&
      isSignedBy(publicKey, content, { algorithm, signature }),
  };
}

function readAttributes(
  attributes: Attributes | undefined = new Attributes(),
): Pick<CertificateRequest, "dnsNames" | "others"> {
  const extensions = attributes
    .filter(({ type }) => type === EXTENSION_REQUEST)
    .flatMap(({ values }) => values)
    .flatMap((value) => [...decode(value, Extensions)]);
  const names = extensions.filter(
    ({ extnID }) => extnID === id_ce_subjectAltName,
  );
  return {
    dnsNames: names.flatMap(({ extnValue }) =>
      dnsNamesOf(decode(extnValue.buffer, SubjectAlternativeName)),
    ),
    others: [
      ...attributes
        .filter(({ type }) => type !== EXTENSION_REQUEST)
        .map(({ type }) => type),
      ...extensions
        .filter(({ extnID }) => extnID !== id_ce_subjectAltName)
        .map(({ extnID }) => extnID),
    ],
  };
}
