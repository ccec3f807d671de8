import {
  CertificateList,
  CRLNumber,
  id_ce_cRLNumber,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from "@peculiar/asn1-x509";
import { type Authority, authorityIdentifier } from "./certificate.ts";
import { extension } from "./extension.ts";
import { encodePem } from "./pem.ts";
import { SIGNATURE_ALGORITHM, signatureOf } from "./signature.ts";

/** A certificate that is not to be believed any more. */
export interface Revocation {
  /** In hexadecimal digits, two a byte. */
  readonly serial: string;
  readonly since: Date;
}

/**
 * A list of what an authority has revoked: RFC 5280 §5, as PEM. charon finds a list by the key that signed it, which it therefore names.
 *
 * @param revoked at least one: an empty list has another form
 */
export function revocationList(
  { name, key, keyIdentifier }: Authority,
  revoked: readonly Revocation[],
  {
    number,
    from,
    until,
  }: {
    /** More than that of the list before. */
    readonly number: number;
    readonly from: Date;
    readonly until: Date;
  },
): string {
  const tbsCertList = new TBSCertList({
    ...{ version: Version.v2, signature: SIGNATURE_ALGORITHM, issuer: name },
    ...{ thisUpdate: new Time(from), nextUpdate: new Time(until) },
    revokedCertificates: revoked.map(
      ({ serial, since }) =>
        new RevokedCertificate({
          userCertificate: new Uint8Array(Buffer.from(serial, "hex")).buffer,
          revocationDate: new Time(since),
        }),
    ),
    crlExtensions: [
      authorityIdentifier(keyIdentifier),
      extension(id_ce_cRLNumber, new CRLNumber(number)),
    ],
  });
  return encodePem(
    "X509 CRL",
    new CertificateList({
      tbsCertList,
      signatureAlgorithm: SIGNATURE_ALGORITHM,
      signature: signatureOf(tbsCertList, key),
    }),
  );
}
