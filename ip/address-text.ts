/**
 * The eight groups of an IPv6 address that is written in hexadecimal groups, with one `::` or none; nothing for
 * any other text.
 */
export function hexGroups(text: string): string[] | undefined {
  const [left = "", right, ...others] = text.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const zeros = 8 - head.length - tail.length;
  // RFC 4291 section 2.2: "::" stands for one group or more.
  const fits = right === undefined ? zeros === 0 : zeros > 0;
  if (!fits || others.length > 0) return undefined;
  const groups = [...head, ...Array<string>(zeros).fill("0"), ...tail];
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups
    : undefined;
}

/** The canonical text of 4 or 16 bytes: dotted quad, or RFC 5952. */
export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4
    ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
    : formatIpv6(bytes);
}

/** RFC 5952 section 4: `::` stands for the longest run of zero groups, the first of several, never for one alone. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  }
  const { start, length } = longestZeros(groups);
  const text = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(":");
  return length < 2
    ? text(groups)
    : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): {
  start: number;
  length: number;
} {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best.length)
      best = { start, length: i + 1 - start };
  });
  return best;
}
