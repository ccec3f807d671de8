import type { Cidr } from "../../../ip/cidr.ts";
import type { Family } from "../base/family.ts";

/**
 * How much of some traffic a condition holds for. `unknown` where that cannot be told from here: what an address set of
 * ipset's holds, or how fast packets come. `maybe` where a mark decides that nobody can tell: then it is all of it or none.
 */
export type Share = "none" | "unknown" | "maybe" | "some" | "all";

/** A network device. */
export interface FlowDevice {
  readonly name: string;
  readonly index: number;
  /** Which its packets pass as well: the ports of a bridge or a bond, the device that a VLAN is on. */
  readonly below?: readonly FlowDevice[];
}

/** Whether a node passes packets on, gets them, or sends them. */
export type FlowWay = "forward" | "in" | "out";

/** What netfilter's rules may have written on a packet. Undefined where it cannot be told. */
export interface Marks {
  readonly mark?: number | undefined;
  /** Its connection's. */
  readonly connectionMark?: number | undefined;
}

/** On what nobody marked. */
export const NO_MARKS: Marks = { mark: 0, connectionMark: 0 };

/** Packets that open connections from one network to another, as a chain of a node between them meets them. */
export interface Flow extends Marks {
  readonly family: Family;
  readonly source: Cidr;
  readonly destination: Cidr;
  /** Devices that they may come in by; none where that is not known. */
  readonly inputs: readonly FlowDevice[];
  /** Devices that they may leave by; none where that is not known. */
  readonly outputs: readonly FlowDevice[];
  /** Whether devices on the way out see nothing of it but ESP. */
  readonly leavesEncrypted?: boolean;
  /** What it was ahead of IPsec: ESP has the mark of what is in it, and what is decrypted that of its ESP. */
  readonly was?: readonly Flow[];
  /** Of what tunnels of the node's own wrap their packets in, and whether they come or go. Others are forwarded. */
  readonly tunnel?: {
    readonly in: "ESP" | "UDP";
    readonly way: Exclude<FlowWay, "forward">;
  };
}

/** IANA's numbers of the protocols that carry tunnels. */
const PROTOCOLS = { ESP: 50, UDP: 17 } as const;

/** Where peers receive ESP in UDP: RFC 3948 §4. */
const ESP_IN_UDP_PORT = 4500;

/** The protocol above IP; undefined where packets have any. */
export function protocolOf({ tunnel }: Flow): number | undefined {
  return tunnel && PROTOCOLS[tunnel.in];
}

/** Where UDP or the like is addressed to; undefined where packets go to any port, or have none. */
export function portOf({ tunnel }: Flow): number | undefined {
  return tunnel?.in === "UDP" ? ESP_IN_UDP_PORT : undefined;
}

/** What holds for both conditions. */
export function least(one: Share, other: Share): Share {
  return ORDER.indexOf(one) < ORDER.indexOf(other) ? one : other;
}

/** What holds for either of two parts. */
export function most(one: Share, other: Share): Share {
  return ORDER.indexOf(one) < ORDER.indexOf(other) ? other : one;
}

/** What the opposite of a condition holds for. */
export function opposite(share: Share): Share {
  if (share === "all") return "none";
  return share === "none" ? "all" : share;
}

/** How many of these are so. */
export function shareOf<Item>(
  items: readonly Item[],
  holds: (item: Item) => boolean,
): Share {
  if (items.length === 0) return "unknown";
  const count = items.filter(holds).length;
  if (count === 0) return "none";
  return count === items.length ? "all" : "some";
}

const ORDER: readonly Share[] = ["none", "unknown", "maybe", "some", "all"];
