import {
  type Address,
  addressInCidr,
  addressValue,
  type Cidr,
  parseCidr,
} from "../../ip/cidr.ts";
import { addressText, readAddress } from "../address.ts";
import {
  readAt,
  type ConfigurationSection,
  textField,
  unusable,
} from "./fields.ts";

/** Addresses of one subnet that may be given out, as numbers, both ends included. */
export interface Range {
  readonly subnet: Cidr;
  readonly first: bigint;
  readonly last: bigint;
  /** As configured, so possibly outside of the subnet or of another family; else the subnet's first address. */
  readonly gateway: Address;
}

/** Ranges of one family that serve as one pool: an attachment gets one address of it. */
export type RangeSet = readonly Range[];

/**
 * Reads a range with host-local's rules: `subnet` is required and has no host bits, at least 4 addresses; `gateway`
 * defaults to the first address after the network's own, `rangeStart` too, `rangeEnd` to the last before the broadcast
 * address (IPv4) or the last of all (IPv6).
 *
 * @throws CniError 7 with the pointer
 */
export function readRange(section: ConfigurationSection): Range {
  const { pointer } = section;
  const [subnet, gateway, start, end] = [
    textField(section, "subnet") ?? "",
    readOptionalAddress(section, "gateway"),
    readOptionalAddress(section, "rangeStart"),
    readOptionalAddress(section, "rangeEnd"),
  ];
  const cidr = readAt(`${pointer}/subnet`, () => parseCidr(subnet));
  const whole = wholeRange(cidr, `${pointer}/subnet`);
  if (start) requireInside(start, cidr, `${pointer}/rangeStart`);
  if (end) requireInside(end, cidr, `${pointer}/rangeEnd`);
  const range = {
    subnet: cidr,
    gateway: gateway ?? whole.gateway,
    first: start ? addressValue(start.bytes) : whole.first,
    last: end ? addressValue(end.bytes) : whole.last,
  };
  if (range.first > range.last) throw backwards(range, pointer);
  return range;
}

/** An address that may be left out. Throws CniError 7 for what is none. */
export function readOptionalAddress(
  section: ConfigurationSection,
  key: string,
): Address | undefined {
  const text = textField(section, key);
  if (text === undefined) return undefined;
  return readAt(`${section.pointer}/${key}`, () => readAddress(text));
}

/** Every address of a subnet but its own, its broadcast address and its gateway. Throws CniError 7: too small. */
export function wholeRange(subnet: Cidr, pointer: string): Range {
  const bits = subnet.bytes.length * 8;
  if (subnet.prefix > bits - 2) {
    throw unusable(
      pointer,
      `network "${subnet.text}" is too small to allocate from, want /${bits - 2} or larger`,
    );
  }
  const first = addressValue(subnet.bytes) + 1n;
  const end = first + (1n << BigInt(bits - subnet.prefix)) - 2n;
  const gateway = readAddress(addressText(subnet.family, first));
  return { subnet, gateway, first, last: subnet.family === 4 ? end - 1n : end };
}

/** Whether an address is one of the range's, its gateway included. */
export function rangeHas(
  { subnet, first, last }: Range,
  { family, bytes }: Address,
): boolean {
  if (family !== subnet.family) return false;
  const value = addressValue(bytes);
  return value >= first && value <= last;
}

/** Whether two ranges share an address. */
export function rangesOverlap(a: Range, b: Range): boolean {
  return (
    a.subnet.family === b.subnet.family &&
    a.first <= b.last &&
    b.first <= a.last
  );
}

/** A range for messages: `10.1.2.2-10.1.2.254`. */
export function rangeText({ subnet: { family }, first, last }: Range): string {
  return `${addressText(family, first)}-${addressText(family, last)}`;
}

function requireInside(address: Address, subnet: Cidr, pointer: string): void {
  if (addressInCidr(address.bytes, subnet)) return;
  throw unusable(pointer, `${address.text} is not in network "${subnet.text}"`);
}

function backwards(range: Range, pointer: string): Error {
  return unusable(
    pointer,
    `the range ${rangeText(range)} ends before it starts`,
  );
}
