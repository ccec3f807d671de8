/** One element of DER (X.690): its tag's byte, what is in it, and both with its length. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** Tags of those that lists are made of. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  /** What is explicitly tagged [0], and a dNSName, which is implicitly tagged [2]. */
  explicit0: 0xa0,
  implicit2: 0x82,
} as const;

/** asn1js takes lengths that are wrong, which charon does not: whoever is to say whether a list holds has to be as strict. */
const WRONG = "its bytes are no DER";

/**
 * The elements that some bytes consist of.
 *
 * @throws RangeError for other bytes
 */
export function elementsOf(bytes: Uint8Array): DerElement[] {
  const all: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const { from, to } = extentAt(bytes, at);
    const [content, whole] = [bytes.subarray(from, to), bytes.subarray(at, to)];
    all.push({ tag: bytes[at] ?? 0, content, whole });
    at = to;
  }
  return all;
}

/** Where the content of an element begins and ends. */
function extentAt(bytes: Uint8Array, at: number) {
  const first = bytes[at + 1];
  if (first === undefined) throw new RangeError(WRONG);
  const isLong = first >= 0x80;
  const start = at + 2;
  const digits = bytes.subarray(start, isLong ? start + first - 0x80 : start);
  const length = isLong
    ? digits.reduce((value, digit) => value * 256 + digit, 0)
    : first;
  const from = start + digits.length;
  const isShortest = !isLong || (length >= 0x80 && digits[0] !== 0);
  if (!isShortest || from + length > bytes.length) throw new RangeError(WRONG);
  return { from, to: from + length };
}

/**
 * The content of a sequence that is all there is.
 *
 * @throws RangeError for anything else
 */
export function sequenceIn(bytes: Uint8Array): DerElement[] {
  const [one, ...others] = elementsOf(bytes);
  if (one?.tag !== Tag.sequence || others.length > 0)
    throw new RangeError(WRONG);
  return elementsOf(one.content);
}

/**
 * The next element, which has one of these tags and is taken out of the list.
 *
 * @throws RangeError where the next one is another
 */
export function take(
  elements: DerElement[],
  ...tags: readonly number[]
): DerElement {
  const found = takeIf(elements, ...tags);
  if (found === undefined) throw new RangeError(WRONG);
  return found;
}

/** As {@link take}; undefined where the next one is another. */
export function takeIf(
  elements: DerElement[],
  ...tags: readonly number[]
): DerElement | undefined {
  return tags.includes(elements[0]?.tag ?? 0) ? elements.shift() : undefined;
}

/** @throws RangeError where there is more */
export function end(elements: readonly DerElement[]): void {
  if (elements.length > 0) throw new RangeError(WRONG);
}

/** The time that an element says (RFC 5280 §4.1.2.5). @throws RangeError where it says none */
export function timeOf({ tag, content }: DerElement): Date {
  const text = Buffer.from(content).toString("latin1");
  // Of two digits 50 and more are of the last century.
  const year =
    tag === Tag.utcTime ? (Number(text.slice(0, 2)) < 50 ? "20" : "19") : "";
  const iso = `${year}${text}`.replace(
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const time = new Date(iso);
  if (iso.length !== 20 || Number.isNaN(time.getTime()))
    throw new RangeError(WRONG);
  return time;
}
