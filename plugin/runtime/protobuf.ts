/** One field of a message: its number, and a text, a flag, or a message within. */
export type Field = readonly [
  number: number,
  value: string | boolean | readonly Field[],
];

/** The fields of a decoded message by number, repeated ones in order. Numbers are left out: nobody reads them here. */
export type Decoded = ReadonlyMap<number, readonly Uint8Array[]>;

/** Wire types of https://protobuf.dev/programming-guides/encoding. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A Protocol Buffers message, for the few kinds of fields that the CRI's requests need. */
export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

/** Reads a message. Throws a RangeError when it is cut short. */
export function decodeFields(bytes: Uint8Array): Decoded {
  const fields = new Map<number, Uint8Array[]>();
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const value = readValue(reader, tag & 7);
    if (value === undefined) continue;
    const number = tag >>> 3;
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

/** A field's text; "" where it is missing, as Protocol Buffers has it. */
export function textOf(fields: Decoded, number: number): string {
  return Buffer.from(fields.get(number)?.[0] ?? []).toString("utf8");
}

/** A map of texts: repeated messages with the key in field 1 and the value in field 2. */
export function mapOf(fields: Decoded, number: number): Map<string, string> {
  const entries = (fields.get(number) ?? []).map(decodeFields);
  return new Map(entries.map((entry) => [textOf(entry, 1), textOf(entry, 2)]));
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function encodeField([number, value]: Field): Buffer {
  if (typeof value === "boolean")
    return Buffer.from([...varint((number << 3) | VARINT), value ? 1 : 0]);
  const body =
    typeof value === "string" ? Buffer.from(value) : encodeFields(value);
  const head = [
    ...varint((number << 3) | LENGTH_DELIMITED),
    ...varint(body.length),
  ];
  return Buffer.concat([Buffer.from(head), body]);
}

function varint(value: number): number[] {
  return value < 0x80
    ? [value]
    : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function readVarint(reader: Reader): number {
  let value = 0;
  for (let factor = 1; ; factor *= 0x80) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined)
      throw new RangeError("Cannot read a message: it ends within a number");
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
}

function readValue(reader: Reader, wireType: number): Uint8Array | undefined {
  switch (wireType) {
    case VARINT:
      readVarint(reader);
      return undefined;
    case FIXED64:
      reader.at += 8;
      return undefined;
    case FIXED32:
      reader.at += 4;
      return undefined;
    case LENGTH_DELIMITED:
      return readBytes(reader, readVarint(reader));
    default:
      throw new RangeError(`Cannot read a field of wire type ${wireType}`);
  }
}

function readBytes(reader: Reader, length: number): Uint8Array {
  const end = reader.at + length;
  if (end > reader.bytes.length)
    throw new RangeError("Cannot read a message: it ends within a field");
  const value = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return value;
}
