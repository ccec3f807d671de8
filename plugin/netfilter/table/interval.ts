import type { Cidr } from "../../../ip/cidr.ts";
import {
  formatAddress,
  type Interval,
  prefixInterval,
} from "../../../native/index.ts";

/** What the elements of a set hold of a network. */
export function intervalOf({ bytes, prefix }: Cidr): Interval {
  return prefixInterval({ address: bytes, length: prefix });
}

export function intervalKey({ first, behind }: Interval): string {
  const end = behind === undefined ? "" : Buffer.from(behind).toString("hex");
  return `${Buffer.from(first).toString("hex")}-${end}`;
}

export function formatInterval({ first, behind }: Interval): string {
  const end = behind === undefined ? "the last address" : formatAddress(behind);
  return `${formatAddress(first)} up to ${end}`;
}

/** Few are named, of many the number and the first. */
export function listNetworks(texts: readonly string[]): string {
  return texts.length <= 4
    ? texts.join(", ")
    : `${texts.length} networks (${texts.slice(0, 3).join(", ")} …)`;
}
