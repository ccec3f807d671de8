import type { Companion, Segment } from "../mesh/state.ts";
import { hardwareAddressOf, linkLocalOf } from "./hardware.ts";

/** How a packet to an address leaves this node. */
export interface NextHop {
  readonly outputInterface: number;
  readonly gateway?: Uint8Array;
}

/** How packets of one family get to another node of the own cluster. */
export type Way = LinkWay | OverlayWay;

/** Both are on one link, so the node itself is the next hop. */
export interface LinkWay {
  readonly kind: "link";
  readonly gateway: Uint8Array;
  readonly outputInterface: number;
}

/** Through the VXLAN device. */
export interface OverlayWay {
  readonly kind: "overlay";
  /** The next hop on the device. */
  readonly gateway: Uint8Array;
  readonly hardwareAddress: Uint8Array;
  /** The node's address in the underlay. */
  readonly destination: Uint8Array;
}

/**
 * The way to a companion: over the link where both nodes have an address of the packets' family, and the route to the
 * companion's has no next hop; else over the overlay. Undefined where the nodes have no address of the overlay's family.
 */
export function wayTo(
  companion: Companion,
  family: 4 | 6,
  place: {
    readonly segment: Segment;
    readonly nextHop: (address: Uint8Array) => NextHop | undefined;
  },
): Way | undefined {
  const { segment, nextHop } = place;
  const theirs = companion.addresses.get(family);
  if (!segment.always && theirs && segment.addresses.has(family)) {
    const hop = nextHop(theirs);
    if (hop !== undefined && hop.gateway === undefined) {
      const { outputInterface } = hop;
      return { kind: "link", gateway: theirs, outputInterface };
    }
  }
  return overlayTo(companion, family, segment);
}

/** IPv4 packets are given to the node's IPv4 address where it has one, since kernels before 5.2 know no other next hop. */
function overlayTo(
  companion: Companion,
  family: 4 | 6,
  { addresses, underlay }: Segment,
): OverlayWay | undefined {
  const destination = companion.addresses.get(underlay);
  if (destination === undefined || !addresses.has(underlay)) return undefined;
  const hardwareAddress = hardwareAddressOf(destination);
  const own = family === 4 ? companion.addresses.get(4) : undefined;
  const gateway = own ?? linkLocalOf(hardwareAddress);
  return { kind: "overlay", gateway, hardwareAddress, destination };
}
