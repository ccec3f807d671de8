import { decodeAttributes } from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import { NDA_DST } from "../constants.ts";
import { ndmsg } from "../structs.ts";

/** What a device knows of an address on its link. */
export interface Neighbour {
  /** The device's. */
  readonly index: number;
  readonly address: Uint8Array;
  /** NUD_*: 0x02 reachable, 0x04 stale, 0x20 failed. */
  readonly state: number;
}

/** Body of an RTM_GETNEIGH dump request: `ip neigh show`. Family 0 is all. */
export function encodeNeighbourQuery(family: number): Uint8Array {
  return encode(ndmsg, { ndm_family: family });
}

/** Reads the body of an RTM_NEWNEIGH message; undefined where it names no address. RangeError when malformed. */
export function decodeNeighbour(body: Uint8Array): Neighbour | undefined {
  const { ndm_ifindex: index, ndm_state: state } = decode(ndmsg, body);
  const address = decodeAttributes(body.subarray(ndmsg.size)).get(NDA_DST);
  return address && { index, address, state };
}
