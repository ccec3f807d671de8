import type { IpPrefix } from "../address.ts";
import type { Element } from "./element.ts";

/**
 * The elements that stand for a prefix in an interval set: its first address, and the first one behind it, marked as the
 * interval's end; a prefix that reaches the end of the address space has no second.
 */
export function prefixElements(prefix: IpPrefix): Element[] {
  const behind = firstBehind(prefix);
  return [
    { key: prefix.address, intervalEnd: false },
    ...(behind === undefined ? [] : [{ key: behind, intervalEnd: true }]),
  ];
}

/** An interval from its first address to the first one behind it; undefined where it reaches the end of the address space. */
export interface Interval {
  readonly first: Uint8Array;
  readonly behind: Uint8Array | undefined;
}

/** The intervals that a set's elements stand for, in address order. An end without a beginning is left out, as the kernel does. */
export function intervalsOf(elements: readonly Element[]): Interval[] {
  const sorted = [...elements].sort(byAddress);
  return sorted.flatMap((element, index) => {
    if (element.intervalEnd) return [];
    return [{ first: element.key, behind: sorted[index + 1]?.key }];
  });
}

/** The elements of one interval. */
export function intervalElements({ first, behind }: Interval): Element[] {
  return [
    { key: first, intervalEnd: false },
    ...(behind === undefined ? [] : [{ key: behind, intervalEnd: true }]),
  ];
}

/** The prefix as an interval. */
export function prefixInterval(prefix: IpPrefix): Interval {
  return { first: prefix.address, behind: firstBehind(prefix) };
}

// An end comes before a beginning at the same address: it closes the interval before.
function byAddress(a: Element, b: Element): number {
  return (
    Buffer.compare(a.key, b.key) ||
    Number(b.intervalEnd) - Number(a.intervalEnd)
  );
}

function firstBehind({ address, length }: IpPrefix): Uint8Array | undefined {
  const result = Uint8Array.from(address);
  if (length === 0) return undefined;
  let index = (length - 1) >> 3;
  let carry = 1 << (7 - ((length - 1) & 7));
  while (carry !== 0 && index >= 0) {
    const sum = (result[index] ?? 0) + carry;
    result[index] = sum & 0xff;
    carry = sum >> 8;
    index--;
  }
  return carry === 0 ? result : undefined;
}
