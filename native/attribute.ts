import { be16, be32, u16, u32, u8 } from "./field.ts";
import { encode, joinBytes } from "./layout.ts";

/** One `struct nlattr` (include/uapi/linux/netlink.h): a type and its payload, without header and padding. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The payload is a list of attributes. */
export const NLA_F_NESTED = 0x8000;
/** The payload is in network byte order. */
export const NLA_F_NET_BYTEORDER = 0x4000;

const NLA_TYPE_MASK = 0x3fff;
const HEADER = 4;
const NUL = 0;

/** The attributes as they go on the wire: each padded with zeros to 4 bytes. */
export function encodeAttributes(list: readonly Attribute[]): Uint8Array {
  const result = new Uint8Array(
    list.reduce((total, { value }) => total + HEADER + align(value.length), 0),
  );
  const view = new DataView(result.buffer);
  let offset = 0;
  for (const { type, value } of list) {
    u16.write(view, offset, HEADER + value.length);
    u16.write(view, offset + 2, type);
    result.set(value, offset + HEADER);
    offset += HEADER + align(value.length);
  }
  return result;
}

/** A message's body: its fixed header, whose size is a multiple of 4, then attributes. */
export function encodeBody(
  header: Uint8Array,
  list: readonly Attribute[],
): Uint8Array {
  return joinBytes([header, encodeAttributes(list)]);
}

/** The attributes by type, flags masked off; of a repeated type the last. Values are views. RangeError on a bad length. */
export function decodeAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const result = new Map<number, Uint8Array>();
  walk(bytes, (type, value) => result.set(type, value));
  return result;
}

/** The attributes in their order, for lists that repeat a type. Flags are masked off; values are views. RangeError on a bad length. */
export function decodeAttributeList(bytes: Uint8Array): Attribute[] {
  const result: Attribute[] = [];
  walk(bytes, (type, value) => result.push({ type, value }));
  return result;
}

/** An attribute that holds others, marked `NLA_F_NESTED` as nf_tables and every family since Linux 5.2 want it. */
export function nested(type: number, list: readonly Attribute[]): Attribute {
  return { type: type | NLA_F_NESTED, value: encodeAttributes(list) };
}

/** An attribute that holds others without the mark: what `ip` sends for older families, `RTA_METRICS` among them. */
export function nestedPlain(
  type: number,
  list: readonly Attribute[],
): Attribute {
  return { type, value: encodeAttributes(list) };
}

/** An attribute of bytes as they are, an address for example. */
export function attrBytes(type: number, value: Uint8Array): Attribute {
  return { type, value };
}

/** An attribute without payload: its presence is its meaning. */
export function attrFlag(type: number): Attribute {
  return { type, value: new Uint8Array(0) };
}

/** An 8-bit attribute. */
export function attrU8(type: number, value: number): Attribute {
  return { type, value: encode(u8, value) };
}

/** A 16-bit attribute in host order. */
export function attrU16(type: number, value: number): Attribute {
  return { type, value: encode(u16, value) };
}

/** A 32-bit attribute in host order. */
export function attrU32(type: number, value: number): Attribute {
  return { type, value: encode(u32, value) };
}

/** A 16-bit attribute in network order. */
export function attrBe16(type: number, value: number): Attribute {
  return { type, value: encode(be16, value) };
}

/** A 32-bit attribute in network order, as nf_tables numbers are. */
export function attrBe32(type: number, value: number): Attribute {
  return { type, value: encode(be32, value) };
}

/** A 64-bit attribute in network order, nf_tables handles and counters. RangeError outside of 0 … 2^64−1. */
export function attrBe64(type: number, value: bigint): Attribute {
  if (value !== BigInt.asUintN(64, value))
    throw new RangeError(`Cannot encode ${value} in 64 bits`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return { type, value: bytes };
}

/** UTF-8 text and its final zero byte (`NLA_NUL_STRING`). */
export function attrString(type: number, text: string): Attribute {
  return { type, value: new TextEncoder().encode(`${text}\0`) };
}

/** The text of a string attribute, up to its zero byte if it has one. */
export function readString(value: Uint8Array): string {
  const end = value.indexOf(NUL);
  return Buffer.from(
    value.buffer,
    value.byteOffset,
    end < 0 ? value.length : end,
  ).toString("utf8");
}

/** The number in an 8-bit attribute. RangeError when short. */
export function readU8(value: Uint8Array): number {
  return viewOf(value).getUint8(0);
}

/** The number in a 16-bit attribute in host order. RangeError when short. */
export function readU16(value: Uint8Array): number {
  return u16.read(viewOf(value), 0);
}

/** The number in a 32-bit attribute in host order. RangeError when short. */
export function readU32(value: Uint8Array): number {
  return u32.read(viewOf(value), 0);
}

/** The number in a 16-bit attribute in network order. RangeError when short. */
export function readBe16(value: Uint8Array): number {
  return viewOf(value).getUint16(0);
}

/** The number in a 32-bit attribute in network order. RangeError when short. */
export function readBe32(value: Uint8Array): number {
  return viewOf(value).getUint32(0);
}

/** The number in a 64-bit attribute in network order. RangeError when short. */
export function readBe64(value: Uint8Array): bigint {
  return viewOf(value).getBigUint64(0);
}

// #define NLA_ALIGN(len) (((len) + NLA_ALIGNTO - 1) & ~(NLA_ALIGNTO - 1))
function align(length: number): number {
  return (length + 3) & ~3;
}

// The last attribute may lack its padding, as nla_ok() allows.
function walk(
  bytes: Uint8Array,
  visit: (type: number, value: Uint8Array) => void,
): void {
  const view = viewOf(bytes);
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes.length - offset < HEADER)
      throw new RangeError(
        `Cannot decode an attribute at ${offset}: ${bytes.length - offset} bytes are left`,
      );
    const length = u16.read(view, offset);
    if (length < HEADER || offset + length > bytes.length)
      throw new RangeError(
        `Cannot decode an attribute at ${offset}: its length ${length} is not from ${HEADER} to ${bytes.length - offset}`,
      );
    visit(
      u16.read(view, offset + 2) & NLA_TYPE_MASK,
      new Uint8Array(
        bytes.buffer,
        bytes.byteOffset + offset + HEADER,
        length - HEADER,
      ),
    );
    offset += align(length);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
