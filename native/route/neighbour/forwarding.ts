import { attrBytes, decodeAttributes, encodeBody } from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import {
  NDA_DST,
  NDA_LLADDR,
  NTF_SELF,
  NUD_NOARP,
  NUD_PERMANENT,
  PF_BRIDGE,
} from "../constants.ts";
import { ndmsg } from "../structs.ts";

/** An entry of a VXLAN device's forwarding table, set by hand: frames for a hardware address go to that host. */
export interface ForwardingEntry {
  /** The VXLAN device's. */
  readonly index: number;
  readonly hardwareAddress: Uint8Array;
  /** The far VXLAN device's host, of the family of the device's own ends. */
  readonly destination: Uint8Array;
}

/** Body of an RTM_NEWNEIGH or RTM_DELNEIGH request: `bridge fdb replace … dst … self permanent`, `bridge fdb del`. */
export function encodeForwardingEntry(entry: ForwardingEntry): Uint8Array {
  const { index, hardwareAddress, destination } = entry;
  const header = encode(ndmsg, {
    ndm_family: PF_BRIDGE,
    ndm_ifindex: index,
    ndm_state: NUD_NOARP | NUD_PERMANENT,
    ndm_flags: NTF_SELF,
  });
  return encodeBody(header, [
    attrBytes(NDA_LLADDR, hardwareAddress),
    attrBytes(NDA_DST, destination),
  ]);
}

/** Body of an RTM_GETNEIGH dump request for one device's table; kernels before 4.20 give all. */
export function encodeForwardingQuery(index: number): Uint8Array {
  return encode(ndmsg, { ndm_family: PF_BRIDGE, ndm_ifindex: index });
}

/**
 * Reads the body of an RTM_NEWNEIGH message; undefined where that is no permanent entry with a destination (learned ones,
 * and those of bridges). RangeError when malformed.
 */
export function decodeForwardingEntry(
  body: Uint8Array,
): ForwardingEntry | undefined {
  const header = decode(ndmsg, body);
  const attributes = decodeAttributes(body.subarray(ndmsg.size));
  const hardwareAddress = attributes.get(NDA_LLADDR);
  const destination = attributes.get(NDA_DST);
  const isSet =
    header.ndm_family === PF_BRIDGE && (header.ndm_state & NUD_PERMANENT) !== 0;
  if (!isSet || hardwareAddress === undefined || destination === undefined)
    return undefined;
  return { index: header.ndm_ifindex, hardwareAddress, destination };
}
