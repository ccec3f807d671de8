import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { Extension } from "@peculiar/asn1-x509";

/** An extension of a certificate, of a list, or one that is asked for: RFC 5280 §4.1. */
export function extension(extnID: string, value: unknown): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, extnValue });
}

/** One that whoever does not understand it must refuse its certificate for. */
export function criticalExtension(extnID: string, value: unknown): Extension {
  return Object.assign(extension(extnID, value), { critical: true });
}
