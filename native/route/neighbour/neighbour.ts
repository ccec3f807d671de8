import { familyOf } from "../../address.ts";
import {
  attrBytes,
  attrU32,
  attrU8,
  decodeAttributes,
  encodeBody,
  readU8,
} from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import {
  NDA_DST,
  NDA_IFINDEX,
  NDA_LLADDR,
  NDA_PROTOCOL,
  NTF_PROXY,
  NUD_PERMANENT,
} from "../constants.ts";
import { present } from "../fields.ts";
import { isInternet, ndmsg } from "../structs.ts";

/** A neighbour whose hardware address was set, so that nobody is asked for it and it never ages. */
export interface Neighbour {
  /** The device's that it is reached by. */
  readonly index: number;
  readonly address: Uint8Array;
  /** 6 bytes for Ethernet. */
  readonly hardwareAddress: Uint8Array;
  /** Who made it: RTPROT_*. Linux 5.2 and later. */
  readonly protocol?: number;
}

/** What names a neighbour. */
export type NeighbourName = Pick<Neighbour, "index" | "address">;

/** Body of an RTM_NEWNEIGH request: `ip neigh replace … nud permanent`. */
export function encodeNeighbour(neighbour: Neighbour): Uint8Array {
  const { index, address, hardwareAddress, protocol } = neighbour;
  const header = encode(ndmsg, {
    ndm_family: familyOf(address),
    ndm_ifindex: index,
    ndm_state: NUD_PERMANENT,
  });
  return encodeBody(header, [
    ...(protocol === undefined ? [] : [attrU8(NDA_PROTOCOL, protocol)]),
    attrBytes(NDA_DST, address),
    attrBytes(NDA_LLADDR, hardwareAddress),
  ]);
}

/** Body of an RTM_DELNEIGH request: `ip neigh delete`. */
export function encodeNeighbourName(name: NeighbourName): Uint8Array {
  const { index, address } = name;
  const header = encode(ndmsg, {
    ndm_family: familyOf(address),
    ndm_ifindex: index,
    ndm_state: NUD_PERMANENT, // it counts for nothing, but `ip` sends it
  });
  return encodeBody(header, [attrBytes(NDA_DST, address)]);
}

/** Body of an RTM_GETNEIGH dump request for the neighbours of one device; kernels before 4.4 give all. */
export function encodeNeighbourQuery(index: number): Uint8Array {
  return encodeBody(encode(ndmsg, {}), [attrU32(NDA_IFINDEX, index)]);
}

/** Reads the body of an RTM_NEWNEIGH message; undefined where that is no permanent neighbour. RangeError when malformed. */
export function decodeNeighbour(body: Uint8Array): Neighbour | undefined {
  const header = decode(ndmsg, body);
  const attributes = decodeAttributes(body.subarray(ndmsg.size));
  const address = attributes.get(NDA_DST);
  const hardwareAddress = attributes.get(NDA_LLADDR);
  const protocol = attributes.get(NDA_PROTOCOL);
  const isPermanent =
    (header.ndm_state & NUD_PERMANENT) !== 0 &&
    (header.ndm_flags & NTF_PROXY) === 0;
  if (!isPermanent || !isInternet(body)) return undefined;
  if (address === undefined || hardwareAddress === undefined) return undefined;
  return present({
    index: header.ndm_ifindex,
    address,
    hardwareAddress,
    protocol: protocol && readU8(protocol),
  });
}
