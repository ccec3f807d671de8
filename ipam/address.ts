import { type Address, addressFromValue, parseAddress } from "../ip/cidr.ts";

/**
 * Reads an address as host-local does: an IPv4 address in IPv6 form (`::ffff:10.1.2.3`) is the IPv4 address.
 *
 * @throws RangeError that quotes the text
 */
export function readAddress(text: string): Address {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  return parseAddress(mapped ?? text);
}

/**
 * The canonical text of an address number: the name of its file in the store.
 *
 * The search for a free address writes one for each that is taken, hence the short way for IPv4.
 */
export function addressText(family: 4 | 6, value: bigint): string {
  if (family === 6) return addressFromValue(6, value).text;
  const number = Number(value);
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** Whether `name` is an address in canonical text, as a reservation's file is named; nothing else in a store is one. */
export function isAddressName(name: string): boolean {
  return IPV4.test(name) || (name.includes(":") && isCanonicalIpv6(name));
}

function isCanonicalIpv6(name: string): boolean {
  try {
    return parseAddress(name).text === name;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
