import { formatAddress } from "./address-text.ts";
import { parseBytes } from "./parse-bytes.ts";

/** An IP address: 4 bytes or 16, and its canonical text (dotted quad, or RFC 5952). */
export interface Address {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** A network: its first address (host bits zero) and its prefix length in bits. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  readonly prefix: number;
  readonly text: string;
}

/**
 * Reads an IP address.
 *
 * IPv4 is four decimal numbers without leading zeros, since other programs read `010` as octal. IPv6 has no
 * zone. An IPv4-mapped IPv6 address is refused: it names an IPv4 host, which has one spelling here.
 *
 * @throws RangeError that quotes the text and says what is wrong with it.
 */
export function parseAddress(text: string): Address {
  return addressFromBytes(parseBytes(text));
}

/**
 * Reads a network such as `10.0.0.0/24` or `fd00:1::/64`.
 *
 * @throws RangeError; where only host bits are wrong, it gives the network's right form.
 */
export function parseCidr(text: string): Cidr {
  const { bytes, prefix } = parsePrefixed(text);
  if (hasHostBits(bytes, prefix)) {
    const right = cidrOf(bytes, prefix).text;
    throw new RangeError(
      `"${text}" has bits set after its first ${prefix}: the network is "${right}"`,
    );
  }
  const family = familyOf(bytes);
  // An IPv4 address has only one spelling, so the text is the right one already.
  const canonical = family === 4 ? text : `${formatAddress(bytes)}/${prefix}`;
  return { family, bytes, prefix, text: canonical };
}

/** Reads an address with its network's prefix length, such as `10.0.0.7/24`. Throws RangeError. */
export function parseAddressWithPrefix(text: string): {
  address: Address;
  prefix: number;
  network: Cidr;
} {
  const { bytes, prefix } = parsePrefixed(text);
  const address = addressFromBytes(bytes);
  return { address, prefix, network: cidrOf(bytes, prefix) };
}

/** Makes an address of 4 or 16 bytes in network order. Throws RangeError for another length. */
export function addressFromBytes(bytes: Uint8Array): Address {
  return { family: familyOf(bytes), bytes, text: formatAddress(bytes) };
}

/** The network of `prefix` bits that holds the address `bytes`. Throws RangeError for an impossible prefix. */
export function cidrOf(bytes: Uint8Array, prefix: number): Cidr {
  const family = familyOf(bytes);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bytes.length * 8) {
    throw new RangeError(
      `Prefix length ${prefix} is not one of 0 to ${bytes.length * 8}`,
    );
  }
  const network = bytes.map((byte, i) => byte & maskByte(prefix, i));
  const text = `${formatAddress(network)}/${prefix}`;
  return { family, bytes: network, prefix, text };
}

/** Whether every address of `inner` is one of `outer`. A network contains itself. */
export function cidrContains(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && addressInCidr(inner.bytes, outer);
}

/** Whether two networks share an address. */
export function cidrOverlaps(a: Cidr, b: Cidr): boolean {
  return a.prefix <= b.prefix ? cidrContains(a, b) : cidrContains(b, a);
}

/** Whether the address, as bytes, lies in the network; false for another family. */
export function addressInCidr(bytes: Uint8Array, cidr: Cidr): boolean {
  return (
    bytes.length === cidr.bytes.length &&
    sharePrefix(bytes, cidr.bytes, cidr.prefix)
  );
}

/** Whether the first `bits` bits are the same; both must have as many. */
export function sharePrefix(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  bits: number,
): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const differing = (a[whole] ?? 0) ^ (b[whole] ?? 0);
  return (differing & maskByte(bits, whole)) === 0;
}

/**
 * The address at the same place in another network: host bits kept, network bits replaced.
 *
 * @throws RangeError when the networks' families or prefix lengths differ, or `bytes` is not in `from`.
 */
export function mapAddress(bytes: Uint8Array, from: Cidr, to: Cidr): Address {
  if (from.family !== to.family || from.prefix !== to.prefix) {
    throw new RangeError(
      `Cannot map "${from.text}" to "${to.text}": not alike`,
    );
  }
  if (!addressInCidr(bytes, from)) {
    throw new RangeError(
      `Cannot map "${formatAddress(bytes)}": it is not in "${from.text}"`,
    );
  }
  return addressFromBytes(
    bytes.map(
      (byte, i) => (byte & ~maskByte(from.prefix, i)) | (to.bytes[i] ?? 0),
    ),
  );
}

/** The network at the same place in another network; {@link mapAddress} for a part of `from`. */
export function mapCidr(part: Cidr, from: Cidr, to: Cidr): Cidr {
  if (!cidrContains(from, part)) {
    throw new RangeError(
      `Cannot map "${part.text}": it is not in "${from.text}"`,
    );
  }
  return cidrOf(mapAddress(part.bytes, from, to).bytes, part.prefix);
}

/** The network's first address: its own number. */
export function firstAddress(cidr: Cidr): Address {
  return addressFromBytes(cidr.bytes);
}

/** The network's last address; in IPv4 its broadcast address. */
export function lastAddress(cidr: Cidr): Address {
  return addressFromBytes(
    cidr.bytes.map((byte, i) => byte | (~maskByte(cidr.prefix, i) & 0xff)),
  );
}

/** The address as a number, most significant byte first. */
export function addressValue(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}

/** The address with this number. Throws RangeError where the family has no such address. */
export function addressFromValue(family: 4 | 6, value: bigint): Address {
  const digits = family === 4 ? 8 : 32;
  const text = value.toString(16).padStart(digits, "0");
  if (value < 0n || text.length > digits) {
    throw new RangeError(`There is no IPv${family} address number ${value}`);
  }
  return addressFromBytes(
    Uint8Array.from(text.match(/../g) ?? [], (pair) =>
      Number.parseInt(pair, 16),
    ),
  );
}

/** Orders addresses by family (4 before 6), then by number; 0 when they are the same. */
export function compareAddresses(a: Uint8Array, b: Uint8Array): number {
  let order = a.length - b.length;
  for (let i = 0; order === 0 && i < a.length; i++) {
    order = (a[i] ?? 0) - (b[i] ?? 0);
  }
  return order;
}

/** Orders networks by first address, a network before its parts. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  return compareAddresses(a.bytes, b.bytes) || a.prefix - b.prefix;
}

function parsePrefixed(text: string): { bytes: Uint8Array; prefix: number } {
  const [address = "", digits, ...rest] = text.split("/");
  const bytes = parseBytes(address);
  const bits = bytes.length * 8;
  if (digits === undefined) {
    const example = `${text}/${bits === 32 ? 24 : 64}`;
    throw new RangeError(
      `"${text}" is not a CIDR: it has no prefix length, such as "${example}"`,
    );
  }
  const prefix = rest.length === 0 ? parsePrefix(digits) : Infinity;
  if (prefix > bits) {
    throw new RangeError(
      `"${text}" is not a CIDR: its prefix length must be 0 to ${bits}`,
    );
  }
  return { bytes, prefix };
}

function parsePrefix(digits: string): number {
  return /^(?:0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : Infinity;
}

function familyOf(bytes: Uint8Array): 4 | 6 {
  if (bytes.length !== 4 && bytes.length !== 16) {
    throw new RangeError(
      `An IP address has 4 or 16 bytes, not ${bytes.length}`,
    );
  }
  return bytes.length === 4 ? 4 : 6;
}

/** The part of a netmask of `prefix` bits that is byte number `index`. */
function maskByte(prefix: number, index: number): number {
  const bits = Math.min(Math.max(prefix - 8 * index, 0), 8);
  return (0xff00 >> bits) & 0xff;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(
    "hex",
  );
}

function hasHostBits(bytes: Uint8Array, prefix: number): boolean {
  for (let i = prefix >> 3; i < bytes.length; i++) {
    if (((bytes[i] ?? 0) & ~maskByte(prefix, i)) !== 0) return true;
  }
  return false;
}
