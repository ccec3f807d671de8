import { generateKeyPairSync } from "node:crypto";
import { CertificationRequest } from "@peculiar/asn1-csr";
import { decodePem, encodePem } from "../../../../plugin/x509/pem.ts";
import { signatureOf } from "../../../../plugin/x509/signature.ts";

export const REQUEST = "CERTIFICATE REQUEST";

/** A request for the same key, but signed by another: of somebody who has not the key that he asks for. */
export function signedByAnother(request: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const posed = decodePem(REQUEST, request, CertificationRequest);
  posed.signature = signatureOf(posed.certificationRequestInfo, privateKey);
  return encodePem(REQUEST, posed);
}
