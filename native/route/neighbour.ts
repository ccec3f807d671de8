import { familyOf } from "../address.ts";
import { attrBytes, decodeAttributes, encodeBody } from "../attribute.ts";
import { decode, encode } from "../layout.ts";
import { NDA_DST, NTF_PROXY } from "./constants.ts";
import { ndmsg } from "./structs.ts";

/** An address that the kernel answers ARP or neighbour solicitations for on a device, as if it were its own. */
export interface ProxyNeighbour {
  /** The device's. */
  readonly index: number;
  readonly address: Uint8Array;
}

/** Body of an RTM_NEWNEIGH or RTM_DELNEIGH request: `ip neigh add proxy`. */
export function encodeProxyNeighbour({
  index,
  address,
}: ProxyNeighbour): Uint8Array {
  const header = encode(ndmsg, {
    ndm_family: familyOf(address),
    ndm_ifindex: index,
    ndm_flags: NTF_PROXY,
  });
  return encodeBody(header, [attrBytes(NDA_DST, address)]);
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
  const address = decodeAttributes(body.subarray(ndmsg.size)).get(NDA_DST);
  if ((header.ndm_flags & NTF_PROXY) === 0 || address === undefined)
    return undefined;
  return { index: header.ndm_ifindex, address };
}
