import { AsnConvert, AsnParser } from "@peculiar/asn1-schema";
import { fromBER } from "asn1js";

/** What describes a kind of object to the library. */
type Kind<T> = new () => T;

/** RFC 7468: a label, and an object's DER in base64. */
export function encodePem(label: string, object: unknown): string {
  const base64 = Buffer.from(AsnConvert.serialize(object)).toString("base64");
  return [
    `-----BEGIN ${label}-----`,
    ...(base64.match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    "",
  ].join("\n");
}

/** Longer than any request or certificate of ours; characters. */
const LONGEST = 16_384;

/**
 * Reads a text that is one block of this label, and nothing else.
 *
 * @throws RangeError for any other, and for what is not this kind of object in DER
 */
export function decodePem<T>(label: string, text: string, kind: Kind<T>): T {
  return decode(pemBytes(label, text), kind);
}

/**
 * The bytes of a text that is one block of this label, and nothing else.
 *
 * @param longest how many characters it may have
 * @throws RangeError for any other
 */
export function pemBytes(
  label: string,
  text: string,
  longest = LONGEST,
): Uint8Array {
  const [, base64 = ""] =
    (text.length <= longest ? PEM(label).exec(text) : null) ?? [];
  const bytes = Buffer.from(base64, "base64");
  const isWhole =
    bytes.length > 0 && bytes.toString("base64") === base64.replace(/\s/g, "");
  if (!isWhole) throw new RangeError(`it is not one ${label} as PEM`);
  return bytes;
}

/**
 * Reads the DER of an object.
 *
 * @throws RangeError for any other bytes
 */
export function decode<T>(bytes: Uint8Array | ArrayBuffer, kind: Kind<T>): T {
  try {
    const { offset, result } = fromBER(bytes);
    if (offset === bytes.byteLength) return AsnParser.fromASN(result, kind);
  } catch {
    // What it says quotes what it was given.
  }
  throw new RangeError("its bytes are not what their label says");
}

function PEM(label: string): RegExp {
  return new RegExp(
    `^\\s*-----BEGIN ${label}-----\\s([A-Za-z0-9+/=\\s]*)-----END ${label}-----\\s*$`,
    "u",
  );
}
