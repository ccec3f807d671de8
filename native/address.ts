/** A network: its address bytes (4 or 16) and the number of leading bits that count. */
export interface IpPrefix {
  readonly address: Uint8Array;
  /** Prefix length in bits: 0–32 or 0–128. */
  readonly length: number;
}

/** `AF_INET`, include/linux/socket.h. */
export const AF_INET = 2;
/** `AF_INET6`, include/linux/socket.h. */
export const AF_INET6 = 10;

/** The address family that an address of this many bytes has. Throws RangeError for other lengths than 4 and 16. */
export function familyOf(
  address: Uint8Array,
): typeof AF_INET | typeof AF_INET6 {
  if (address.length === 4) return AF_INET;
  if (address.length === 16) return AF_INET6;
  throw new RangeError(
    `Cannot tell the family of an address of ${address.length} bytes: give 4 or 16`,
  );
}

/** Bytes of an address of this family: 4 or 16. Throws RangeError for another family. */
export function addressLength(family: number): 4 | 16 {
  if (family === AF_INET) return 4;
  if (family === AF_INET6) return 16;
  throw new RangeError(
    `Cannot size an address of family ${family}: give ${AF_INET} or ${AF_INET6}`,
  );
}

/** Dotted decimal, or the canonical form of RFC 5952 (without its mixed notation). */
export function formatAddress(address: Uint8Array): string {
  return familyOf(address) === AF_INET
    ? `${address[0]}.${address[1]}.${address[2]}.${address[3]}`
    : formatIpv6(address);
}

/** `10.0.0.0/24`, `fd00::/64`. */
export function formatPrefix(prefix: IpPrefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** Whether both hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

// RFC 5952 §4.2: "::" replaces the longest run of two or more zero groups, the first of equals.
function formatIpv6(address: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2)
    groups.push(((address[at] ?? 0) << 8) | (address[at + 1] ?? 0));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return hexOf(groups, 0, 8);
  return `${hexOf(groups, 0, start)}::${hexOf(groups, start + length, 8)}`;
}

/** Groups `from` to `end`, with colons between them. */
function hexOf(groups: readonly number[], from: number, end: number): string {
  let text = "";
  for (let at = from; at < end; at += 1)
    text += `${at === from ? "" : ":"}${(groups[at] ?? 0).toString(16)}`;
  return text;
}

function longestZeroRun(groups: readonly number[]): {
  start: number;
  length: number;
} {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length)
      best = { start, length: index + 1 - start };
  });
  return best;
}
