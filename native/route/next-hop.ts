import { familyOf } from "../address.ts";
import {
  type Attribute,
  attrBytes,
  decodeAttributes,
  encodeAttributes,
} from "../attribute.ts";
import { u16 } from "../field.ts";
import { decode, encode, joinBytes } from "../layout.ts";
import {
  RTA_ENCAP_TYPE,
  RTA_GATEWAY,
  RTA_VIA,
  RTNH_F_ONLINK,
} from "./constants.ts";
import { type Fields, fieldsOf, present } from "./fields.ts";
import { rtnexthop } from "./structs.ts";

/** One of the ways that a route spreads traffic over. */
export interface NextHop {
  readonly gateway?: Uint8Array;
  readonly outputInterface: number;
  /** Share of the traffic, 1–256. */
  readonly weight: number;
  readonly onlink?: boolean;
  /** How it wraps packets, LWTUNNEL_ENCAP_*; read only. */
  readonly encapsulation?: number;
}

/** LWTUNNEL_ENCAP_* of a route or next hop that wraps packets by itself. */
export function encapsulationOf(fields: Fields): number | undefined {
  const type = fields.bytes(RTA_ENCAP_TYPE);
  return type && decode(u16, type);
}

/** RTA_GATEWAY, or RTA_VIA where the gateway is of another family than the route. */
export function encodeGateway(gateway: Uint8Array, family: number): Attribute {
  if (familyOf(gateway) === family) return attrBytes(RTA_GATEWAY, gateway);
  // struct rtvia: __kernel_sa_family_t rtvia_family; __u8 rtvia_addr[];
  return attrBytes(
    RTA_VIA,
    joinBytes([encode(u16, familyOf(gateway)), gateway]),
  );
}

/** The gateway of a route or next hop, of either family. */
export function gatewayOf(fields: Fields): Uint8Array | undefined {
  return fields.bytes(RTA_GATEWAY) ?? fields.bytes(RTA_VIA)?.subarray(u16.size);
}

/** The payload of RTA_MULTIPATH. */
export function encodeNextHops(
  hops: readonly NextHop[],
  family: number,
): Uint8Array {
  return joinBytes(hops.map((hop) => encodeNextHop(hop, family)));
}

/** Reads the payload of RTA_MULTIPATH. RangeError when malformed. */
export function decodeNextHops(bytes: Uint8Array): NextHop[] {
  const hops: NextHop[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const header = decode(rtnexthop, bytes, offset);
    const end = offset + header.rtnh_len;
    if (header.rtnh_len < rtnexthop.size || end > bytes.length)
      throw new RangeError(
        `Cannot decode a next hop at ${offset}: its length ${header.rtnh_len} does not fit`,
      );
    const fields = fieldsOf(
      decodeAttributes(bytes.subarray(offset + rtnexthop.size, end)),
    );
    const onlink = (header.rtnh_flags & RTNH_F_ONLINK) !== 0;
    hops.push(
      present({
        gateway: gatewayOf(fields),
        outputInterface: header.rtnh_ifindex,
        weight: header.rtnh_hops + 1, // the header counts from 0
        onlink: onlink ? true : undefined,
        encapsulation: encapsulationOf(fields),
      }),
    );
    offset = align(end);
  }
  return hops;
}

function encodeNextHop(
  { gateway, outputInterface, weight, onlink }: NextHop,
  family: number,
): Uint8Array {
  const attributes = encodeAttributes(
    gateway === undefined ? [] : [encodeGateway(gateway, family)],
  );
  const header = encode(rtnexthop, {
    rtnh_len: rtnexthop.size + attributes.length,
    rtnh_flags: onlink === true ? RTNH_F_ONLINK : 0,
    rtnh_hops: weight - 1,
    rtnh_ifindex: outputInterface,
  });
  return joinBytes([header, attributes]);
}

// #define RTNH_ALIGN(len) ( ((len)+RTNH_ALIGNTO-1) & ~(RTNH_ALIGNTO-1) )
function align(length: number): number {
  return (length + 3) & ~3;
}
