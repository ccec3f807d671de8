/** RFC 7468: a label, and bytes in base64. */
export function encodePem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [
    `-----BEGIN ${label}-----`,
    ...lines,
    `-----END ${label}-----`,
    "",
  ].join("\n");
}

/** Longer than any request or certificate of ours; characters. */
const LONGEST = 16_384;

/**
 * The bytes of a text that is one block of this label, and nothing else.
 *
 * @throws RangeError for any other
 */
export function decodePem(label: string, text: string): Buffer {
  const [, base64 = ""] =
    (text.length <= LONGEST ? PEM(label).exec(text) : null) ?? [];
  const bytes = Buffer.from(base64, "base64");
  const isWhole =
    bytes.length > 0 && bytes.toString("base64") === base64.replace(/\s/g, "");
  if (!isWhole) throw new RangeError(`it is not one ${label} as PEM`);
  return bytes;
}

function PEM(label: string): RegExp {
  return new RegExp(
    `^\\s*-----BEGIN ${label}-----\\s([A-Za-z0-9+/=\\s]*)-----END ${label}-----\\s*$`,
    "u",
  );
}
