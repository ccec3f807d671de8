import { decodeAttributes, encodeAttributes } from "./attribute.ts";
import type { Attribute } from "./attribute.ts";
import { be16, u8 } from "./field.ts";
import { decode, encode, struct } from "./layout.ts";

/** `NFPROTO_UNSPEC`: a request for objects of every family. */
export const NFPROTO_UNSPEC = 0;
/** `NFPROTO_INET`: nf_tables tables that see both IPv4 and IPv6. */
export const NFPROTO_INET = 1;
/** `NFPROTO_NETDEV`: tables that see whatever passes some devices. */
export const NFPROTO_NETDEV = 5;

/** `struct nfgenmsg`, include/uapi/linux/netfilter/nfnetlink.h: heads every nfnetlink message. */
const nfgenmsg = struct("nfgenmsg", 4, {
  nfgen_family: u8,
  version: u8,
  res_id: be16,
});

/** What an nfnetlink message says: its family, its resource and its attributes. */
export interface NetfilterBody {
  readonly family: number;
  readonly resource: number;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** `nlmsg_type` of a message of one nfnetlink subsystem: `(subsystem << 8) | message`. */
export function netfilterType(subsystem: number, message: number): number {
  return (subsystem << 8) | message;
}

/** The body of an nfnetlink message: the header, then the attributes. */
export function encodeNetfilter(
  family: number,
  attributes: readonly Attribute[],
  resource = 0,
): Uint8Array {
  const header = encode(nfgenmsg, { nfgen_family: family, res_id: resource });
  const rest = encodeAttributes(attributes);
  const result = new Uint8Array(header.length + rest.length);
  result.set(header);
  result.set(rest, header.length);
  return result;
}

/** The parts of an nfnetlink message's body. RangeError when it is short or malformed. */
export function decodeNetfilter(body: Uint8Array): NetfilterBody {
  const { nfgen_family: family, res_id: resource } = decode(nfgenmsg, body);
  return {
    family,
    resource,
    attributes: decodeAttributes(body.subarray(nfgenmsg.size)),
  };
}
