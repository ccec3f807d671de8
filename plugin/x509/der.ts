/** Distinguished Encoding Rules (ITU-T X.690 §8 and §10), as much of them as certificates and requests need. */

/** Tags, with the bit of what consists of others. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** An element as it was read. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length: what a signature is over. */
  readonly whole: Buffer;
}

/** Encodes one element. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag), lengthOf(bytes.length), bytes]);
}

/** Tags that mean something where they stand: [0], [1] and so on. */
export function contextTag(
  number: number,
  form: "primitive" | "constructed",
): number {
  return 0x80 | (form === "constructed" ? 0x20 : 0) | number;
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = minimal(length);
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function minimal(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

/**
 * Reads the elements that bytes consist of, to the last byte.
 *
 * @throws RangeError for what is no DER, or has a tag of several bytes
 */
export function elementsOf(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

function readElement(bytes: Buffer, at: number): DerElement {
  const tag = byteAt(bytes, at);
  if ((tag & 0x1f) === 0x1f) throw new RangeError("a tag of several bytes");
  const { length, from } = readLength(bytes, at + 1);
  const end = from + length;
  if (end > bytes.length) throw new RangeError("bytes are missing");
  return {
    tag,
    content: bytes.subarray(from, end),
    whole: bytes.subarray(at, end),
  };
}

/** A length has one spelling: the shortest. */
function readLength(
  bytes: Buffer,
  at: number,
): { readonly length: number; readonly from: number } {
  const first = byteAt(bytes, at);
  const from = at + 1;
  if (first < 0x80) return { length: first, from };
  const count = first & 0x7f;
  if (count === 0 || count > 3) throw new RangeError("a length that is none");
  if (from + count > bytes.length) throw new RangeError("bytes are missing");
  const length = bytes.readUIntBE(from, count);
  if (!lengthOf(length).equals(bytes.subarray(at, from + count)))
    throw new RangeError("a length that is not the shortest");
  return { length, from: from + count };
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError("bytes are missing");
  return byte;
}

/**
 * Reads bytes that are one element of this tag.
 *
 * @throws RangeError for others
 */
export function onlyElement(bytes: Buffer, tag: number): DerElement {
  const [first, ...others] = elementsOf(bytes);
  if (others.length > 0) throw new RangeError("more than was expected");
  return expectTag(first, tag);
}

/** @throws RangeError where there is no element, or one of another tag */
export function expectTag(
  element: DerElement | undefined,
  tag: number,
): DerElement {
  if (element?.tag !== tag)
    throw new RangeError(`no element of tag 0x${tag.toString(16)}`);
  return element;
}

/** @throws RangeError unless there are so many: none may be passed over */
export function expectCount(
  elements: readonly DerElement[],
  most: number,
): void {
  if (elements.length > most) throw new RangeError("more than was expected");
}
