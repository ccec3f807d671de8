import { type KeyObject, X509Certificate } from "node:crypto";
import {
  AlgorithmIdentifier,
  CertificateList,
  CRLNumber,
  id_ce_cRLNumber,
  id_ce_subjectAltName,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from "@peculiar/asn1-x509";
import { type Authority, authorityIdentifier } from "./certificate.ts";
import {
  type DerElement,
  elementsOf,
  end,
  sequenceIn,
  Tag,
  take,
  takeIf,
  timeOf,
} from "./der.ts";
import { extension } from "./extension.ts";
import { LONGEST_LIST } from "./longest.ts";
import { alternativeName } from "./name.ts";
import { decode, encodePem, pemBytes } from "./pem.ts";
import { isSignedBy, SIGNATURE_ALGORITHM, signatureOf } from "./signature.ts";

const LABEL = "X509 CRL";

/** A certificate that is not to be believed any more. */
export interface Revocation {
  /** In capital hexadecimal digits, two a byte. */
  readonly serial: string;
  readonly since: Date;
  /** Whose it is, where the list says so: those of others need not prove themselves again. */
  readonly identity?: string;
}

/** A list of what an authority has revoked. */
export interface RevocationList {
  /** That of a later list is larger; 0 where it has none. */
  readonly number: number;
  readonly revoked: readonly Revocation[];
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
    revokedCertificates: revoked.map(entryOf),
    crlExtensions: [
      authorityIdentifier(keyIdentifier),
      extension(id_ce_cRLNumber, new CRLNumber(number)),
    ],
  });
  return encodePem(
    LABEL,
    new CertificateList({
      tbsCertList,
      signatureAlgorithm: SIGNATURE_ALGORITHM,
      signature: signatureOf(tbsCertList, key),
    }),
  );
}

/** Beside the serial a name that whoever does not look for it passes over: no certificate's issuer but its holder. */
function entryOf({ serial, since, identity }: Revocation): RevokedCertificate {
  return new RevokedCertificate({
    userCertificate: new Uint8Array(Buffer.from(serial, "hex")).buffer,
    revocationDate: new Time(since),
    ...(identity === undefined
      ? {}
      : {
          crlEntryExtensions: [
            extension(id_ce_subjectAltName, alternativeName(identity)),
          ],
        }),
  });
}

/**
 * Reads a list of what this authority has revoked.
 *
 * @param ca the authority's certificate, as PEM
 * @throws RangeError for what is none, or is not signed by it
 */
export function readRevocationList(pem: string, ca: string): RevocationList {
  const parts = sequenceIn(pemBytes(LABEL, pem, LONGEST_LIST));
  const [content, algorithm, signature] = [
    take(parts, Tag.sequence),
    take(parts, Tag.sequence),
    take(parts, Tag.bitString),
  ];
  end(parts);
  const isProven = isSignedBy(publicKeyOf(ca), content.whole, {
    algorithm: decode(algorithm.whole, AlgorithmIdentifier),
    // Before it is how many bits of the last byte are none: none.
    signature: signature.content.subarray(1),
  });
  if (!isProven || signature.content[0] !== 0)
    throw new RangeError("it is not signed by this authority");
  return contentOf(elementsOf(content.content));
}

function publicKeyOf(ca: string): KeyObject {
  try {
    return new X509Certificate(ca).publicKey;
  } catch {
    throw new RangeError("the authority's certificate makes no sense");
  }
}

/** TBSCertList: RFC 5280 §5.1. */
function contentOf(parts: DerElement[]): RevocationList {
  takeIf(parts, Tag.integer);
  take(parts, Tag.sequence); // the algorithm, again
  take(parts, Tag.sequence); // the issuer
  take(parts, ...TIMES);
  takeIf(parts, ...TIMES);
  const revoked = takeIf(parts, Tag.sequence)?.content ?? NOTHING;
  const extensions = takeIf(parts, Tag.explicit0)?.content;
  end(parts);
  const number = extensionIn(extensions, id_ce_cRLNumber);
  return {
    number: number === undefined ? 0 : numberOf(number),
    revoked: elementsOf(revoked).map(({ whole }) =>
      revocationOf(sequenceIn(whole)),
    ),
  };
}

const TIMES = [Tag.utcTime, Tag.generalizedTime];
const NOTHING = new Uint8Array();

function revocationOf(parts: DerElement[]): Revocation {
  const digits = hexOf(take(parts, Tag.integer).content).toUpperCase();
  const since = timeOf(take(parts, ...TIMES));
  const extensions = takeIf(parts, Tag.sequence)?.whole;
  end(parts);
  const names = extensionIn(extensions, id_ce_subjectAltName);
  const [name] = names === undefined ? [] : sequenceIn(names);
  return {
    // A first bit that is set is not a sign: DER has a byte before it.
    serial: digits.replace(/^00(?=.)/, ""),
    since,
    ...(name?.tag === Tag.implicit2
      ? { identity: Buffer.from(name.content).toString("latin1") }
      : {}),
  };
}

/** The value of an extension. */
function extensionIn(
  extensions: Uint8Array | undefined,
  wanted: string,
): Uint8Array | undefined {
  const all = extensions === undefined ? [] : sequenceIn(extensions);
  for (const { whole } of all) {
    const parts = sequenceIn(whole);
    const oid = take(parts, Tag.oid).content;
    takeIf(parts, Tag.boolean);
    const value = take(parts, Tag.octetString).content;
    end(parts);
    if (hexOf(oid) === OIDS[wanted]) return value;
  }
  return undefined;
}

/** Their DER: 2.5.29.17 and 2.5.29.20. */
const OIDS: Readonly<Record<string, string>> = {
  [id_ce_subjectAltName]: "551d11",
  [id_ce_cRLNumber]: "551d14",
};

function numberOf(value: Uint8Array): number {
  const parts = elementsOf(value);
  const { content } = take(parts, Tag.integer);
  end(parts);
  return content.length === 0 ? 0 : Number(`0x${hexOf(content)}`);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
