import { type KeyObject, X509Certificate } from "node:crypto";

/** Who a node is, and by whose word. */
export interface NodeName {
  /** `NODE.CLUSTER`. */
  readonly identity: string;
  /** The certificate of its cluster's authority, as PEM. */
  readonly ca: string;
  readonly key: KeyObject;
}

/**
 * Why a certificate is not this node's; whether it is still valid is not asked.
 *
 * @returns undefined where it is
 */
export function misfit(
  certificate: X509Certificate,
  { identity, ca, key }: NodeName,
): string | undefined {
  const authority = new X509Certificate(ca);
  if (!certificate.checkPrivateKey(key)) return "it is for another key";
  // Exactly: a wildcard would fit every node of the cluster.
  if (certificate.subjectAltName !== `DNS:${identity}` || certificate.ca)
    return `it is not for ${identity}`;
  return certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey)
    ? undefined
    : "it is not signed by this cluster's authority";
}

/** So much earlier some renew: nodes that were made together must not ask together. */
const JITTER = 0.05;

/** When a certificate is due to be renewed: once two thirds of its life are over; milliseconds since 1970. */
export function renewalTime({
  validFromDate,
  validToDate,
  fingerprint256,
}: X509Certificate): number {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  // Its own share, so that an agent that starts again finds the same.
  const share = parseInt(fingerprint256.slice(0, 2), 16) / 256;
  return from + (to - from) * (2 / 3 - JITTER * share);
}
