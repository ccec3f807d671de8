/**
 * Packets that somebody marked: those whose mark, under the mask, is this. Of a value of 0, which packets without any mark
 * have too, it is those that have any bit of the mask.
 */
export interface PacketMark {
  readonly value: number;
  readonly mask: number;
}

/** All bits of a packet's mark. */
export const WHOLE_MARK = 0xffffffff;

/** A mark in its one form: any bit of a mask that has only one is that bit. */
export function markOf(value: number, mask: number): PacketMark {
  const isOneBit = (mask & (mask - 1)) === 0;
  const bits = value === 0 && isOneBit ? mask : value;
  return { value: bits >>> 0, mask: mask >>> 0 };
}

/** Each once, in order. */
export function distinctMarks(marks: readonly PacketMark[]): PacketMark[] {
  const byText = new Map(marks.map((mark) => [guardText(mark), mark]));
  return [...byText.values()].sort(
    (a, b) => a.mask - b.mask || a.value - b.value,
  );
}

/** As iptables prints it: matches packets that do not have the mark. */
export function guardText({ value, mask }: PacketMark): string {
  const hex = `0x${value.toString(16)}`;
  const text = mask === WHOLE_MARK ? hex : `${hex}/0x${mask.toString(16)}`;
  return `-m mark ${value === 0 ? "" : "! "}--mark ${text}`;
}
