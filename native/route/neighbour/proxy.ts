import { familyOf } from "../../address.ts";
import {
  attrBytes,
  attrU8,
  decodeAttributes,
  encodeBody,
  readU8,
} from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import {
  NDA_DST,
  NDA_PROTOCOL,
  NTF_PROXY,
  NUD_PERMANENT,
} from "../constants.ts";
import { present } from "../fields.ts";
import { ndmsg } from "../structs.ts";

/** An address that the kernel answers ARP or neighbour solicitations for on a device, as if it were its own. */
export interface ProxyNeighbour {
  /** The device's. */
  readonly index: number;
  readonly address: Uint8Array;
  /** Who made it: RTPROT_*, /etc/iproute2/rt_protos. */
  readonly protocol?: number;
}

/** Body of an RTM_NEWNEIGH or RTM_DELNEIGH request: `ip neigh add proxy`. */
export function encodeProxyNeighbour({
  index,
  address,
  protocol,
}: ProxyNeighbour): Uint8Array {
  const header = encode(ndmsg, {
    ndm_family: familyOf(address),
    ndm_ifindex: index,
    ndm_state: NUD_PERMANENT,
    ndm_flags: NTF_PROXY,
  });
  return encodeBody(header, [
    ...(protocol === undefined ? [] : [attrU8(NDA_PROTOCOL, protocol)]),
    attrBytes(NDA_DST, address),
  ]);
}

/** Body of an RTM_GETNEIGH dump request for proxies. Family 0 is all. */
export function encodeProxyQuery(family: number): Uint8Array {
  return encode(ndmsg, { ndm_family: family, ndm_flags: NTF_PROXY });
}

/** Reads the body of an RTM_NEWNEIGH message; undefined where that is no proxy. RangeError when malformed. */
export function decodeProxyNeighbour(
  body: Uint8Array,
): ProxyNeighbour | undefined {
  const header = decode(ndmsg, body);
  const attributes = decodeAttributes(body.subarray(ndmsg.size));
  const [address, protocol] = [
    attributes.get(NDA_DST),
    attributes.get(NDA_PROTOCOL),
  ];
  if ((header.ndm_flags & NTF_PROXY) === 0 || address === undefined)
    return undefined;
  return present({
    index: header.ndm_ifindex,
    address,
    protocol: protocol && readU8(protocol),
  });
}
