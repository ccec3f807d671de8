/** An SPI or a reqid as `ip xfrm` prints SPIs: 0x and eight digits. */
export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
