import {
  addressFromValue,
  addressValue,
  type Cidr,
  firstAddress,
  lastAddress,
} from "../../../ip/cidr.ts";
import type { AddressSide } from "../base/expressions.ts";
import {
  type FlowDevice,
  type Flow,
  type Marks,
  most,
  type Share,
  shareOf,
} from "./flow.ts";

/** A condition of a rule. */
export type Match = (flow: Flow) => Share;

/** From the first address to the last. */
export interface AddressRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** All addresses of a network. */
export function rangeOf(network: Cidr): AddressRange {
  return {
    first: addressValue(firstAddress(network).bytes),
    last: addressValue(lastAddress(network).bytes),
  };
}

/** The last address ahead of one. */
export function before(address: Uint8Array): bigint {
  return addressValue(address) - 1n;
}

/** The last address of a family. */
export function lastOf(family: 4 | 6): bigint {
  return addressValue(
    addressFromValue(family, (1n << (family === 4 ? 32n : 128n)) - 1n).bytes,
  );
}

/** Packets from, or to, one of these ranges. None lies in another. */
export function addressIn(
  end: AddressSide,
  ranges: readonly AddressRange[],
): Match {
  return (flow) => {
    const own = rangeOf(flow[end]);
    return ranges.map((range) => overlap(own, range)).reduce(most, "none");
  };
}

function overlap(own: AddressRange, range: AddressRange): Share {
  if (range.last < own.first || own.last < range.first) return "none";
  return range.first <= own.first && own.last <= range.last ? "all" : "some";
}

/** Packets that come in by, or leave by, such a device. */
export function deviceIs(
  way: "inputs" | "outputs",
  holds: (device: FlowDevice) => boolean,
): Match {
  return (flow) => shareOf(flow[way], holds);
}

/** Whether a name is what `iifname` and `-i` say: with `*` or `+` at its end, how it begins. */
export function namesDevice(pattern: string): (device: FlowDevice) => boolean {
  return /[*+]$/.test(pattern)
    ? ({ name }) => name.startsWith(pattern.slice(0, -1))
    : ({ name }) => name === pattern;
}

/** Bits of a connection's state that a packet which opens one has: IP_CT_NEW, as conntrack and nf_tables count them. */
export const STATE_NEW = 8;

/** Holds always, for part of a flow, or it cannot be told. */
export function always(share: Share): Match {
  return () => share;
}

/** Whether a flow's mark, or its connection's, under a mask, is this. */
export function markIs(
  value: number,
  mask: number,
  which: keyof Marks = "mark",
): Match {
  return ({ [which]: mark }) => {
    if (mark === undefined) return "maybe";
    return (mark & mask) >>> 0 === value >>> 0 ? "all" : "none";
  };
}
