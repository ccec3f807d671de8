import { X509Certificate } from "node:crypto";
import type { Refuse } from "./document/problem.ts";
import type { Cluster } from "./generated/cluster.ts";

const CRL =
  /^\s*-----BEGIN X509 CRL-----\s+[A-Za-z0-9+/=\s]+-----END X509 CRL-----\s*$/u;

/** What a cluster file says of its certificate authority has to be one. */
export function requireAuthority(
  { ca, crl, keying, encryption }: Cluster,
  refuse: Refuse,
): void {
  if (ca === undefined && crl === undefined) return;
  if (keying !== "ike" || encryption === "none")
    refuse({
      pointer: ca === undefined ? "/crl" : "/ca",
      fact: 'has no meaning without "keying": "ike"',
      fix: 'add "keying": "ike", or remove it',
    });
  if (ca === undefined || !isAuthority(ca))
    refuse({
      pointer: "/ca",
      fact: "is not one certificate of an authority as PEM",
      fix: "write what `crosslink ca init` has made",
    });
  if (crl !== undefined && !CRL.test(crl))
    refuse({
      pointer: "/crl",
      fact: "is not one list of revoked certificates as PEM",
      fix: "write what `crosslink ca revoke` has made",
    });
}

function isAuthority(pem: string): boolean {
  try {
    const one = pem.match(/-----BEGIN /gu)?.length === 1;
    return one && new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
