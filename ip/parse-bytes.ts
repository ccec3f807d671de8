// ip-num's own index builds a range object for every special-purpose block when it is loaded (13 ms in a
// fresh process, measured); this module is what parsing needs (1.5 ms).
import { expandIPv6Number } from "ip-num/dist/src/IPv6Utils.js";
import { formatAddress, hexGroups } from "./address-text.ts";

/** The bytes of an address's text. @throws RangeError that quotes it */
export function parseBytes(text: string): Uint8Array {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/**
 * Makes addresses within buffers that they share: with one of its own each takes three times as much memory, and a large mesh has a
 * hundred thousand.
 */
function inSharedBuffers(): (length: 4 | 16) => Uint8Array {
  let buffer = new ArrayBuffer(0);
  let used = 0;
  return (length) => {
    if (used + length > buffer.byteLength) {
      buffer = new ArrayBuffer(4096);
      used = 0;
    }
    const bytes = new Uint8Array(buffer, used, length);
    used += length;
    return bytes;
  };
}

const newAddress = inSharedBuffers();

function parseIpv4(text: string): Uint8Array {
  const bytes = newAddress(4);
  let octet = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0) octet++;
    else bytes[octet] = (bytes[octet] ?? 0) * 10 + digit;
  }
  // Whatever else these bytes were made of reads differently. No pattern: to compile one takes longer than a mesh's addresses.
  if (formatAddress(bytes) !== text)
    throw new RangeError(`"${text}" is not an IP address`);
  return bytes;
}

function parseIpv6(text: string): Uint8Array {
  const groups = hexGroups(text) ?? expandedGroups(text);
  const bytes = newAddress(16);
  groups.forEach((group, i) => {
    const word = Number.parseInt(group, 16);
    bytes[2 * i] = word >> 8;
    bytes[2 * i + 1] = word & 0xff;
  });
  if (isMapped(bytes)) {
    const right = formatAddress(bytes.subarray(12));
    throw new RangeError(
      `"${text}" is an IPv4 address in IPv6 form: write "${right}"`,
    );
  }
  return bytes;
}

/** ip-num is asked only about what isn't plain: its pattern takes 7 ms to compile, half of what ADD may take. */
function expandedGroups(text: string): string[] {
  let groups: string[] = [];
  // ip-num takes a zone and a prefix here, which an address of ours never has.
  if (/^[0-9a-fA-F:.]{2,45}$/.test(text)) {
    try {
      groups = expandIPv6Number(text).split(":");
    } catch {
      // ip-num throws strings and Errors that don't quote the text; the message below does.
    }
  }
  if (groups.length !== 8) {
    throw new RangeError(`"${text}" is not an IP address`);
  }
  return groups;
}

/** `::ffff:0:0/96`, RFC 4291 section 2.5.5.2. */
function isMapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
}
