import { der, TAG } from "./der.ts";

/** Object identifiers, in dots. */
export const OID = {
  commonName: "2.5.4.3", // X.520
  organizationName: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14", // RFC 5280 §4.2.1
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1", // RFC 5280 §4.2.1.12
  clientAuth: "1.3.6.1.5.5.7.3.2",
  extensionRequest: "1.2.840.113549.1.9.14", // RFC 2985 §5.4.2
  ecPublicKey: "1.2.840.10045.2.1", // RFC 5480 §2.1.1
  p256: "1.2.840.10045.3.1.7",
  p384: "1.3.132.0.34",
  ecdsaWithSha256: "1.2.840.10045.4.3.2", // RFC 5758 §3.2
  ecdsaWithSha384: "1.2.840.10045.4.3.3",
  ecdsaWithSha512: "1.2.840.10045.4.3.4",
} as const;

/** Encodes an object identifier: X.690 §8.19. */
export function encodeOid(dotted: string): Buffer {
  const [root = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(
    TAG.oid,
    Buffer.from([root * 40 + second, ...rest].flatMap(base128)),
  );
}

function base128(arc: number): number[] {
  const low = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7)
    low.unshift(0x80 | (rest & 0x7f));
  return low;
}

/**
 * An object identifier's content in dots.
 *
 * @throws RangeError for what is none, or has a number beyond 2³¹
 */
export function decodeOid(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    if (arc === 0 && byte === 0x80) throw new RangeError("an OID with padding");
    arc = arc * 128 + (byte & 0x7f);
    if (arc >= 2 ** 31) throw new RangeError("an OID with a huge number");
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || ((content.at(-1) ?? 0) & 0x80) !== 0)
    throw new RangeError("an OID without an end");
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join(".");
}
