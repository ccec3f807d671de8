import { AF_INET, familyOf } from "../address.ts";
import {
  attrBe16,
  attrBytes,
  attrU8,
  decodeAttributes,
  nested,
  readBe16,
  readU8,
} from "../attribute.ts";
import type { Attribute } from "../attribute.ts";
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_ICMPV6_CODE,
  CTA_PROTO_ICMPV6_ID,
  CTA_PROTO_ICMPV6_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_ZONE,
} from "./constants.ts";

/** What tells one direction of one connection from all others. */
export interface Tuple {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** `IPPROTO_*` */
  readonly protocol: number;
  /** For protocols that have ports, GRE keys included. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** For ICMP and ICMPv6. */
  readonly icmp?: Icmp;
  /** Where the entry lives in a conntrack zone in this direction only. */
  readonly zone?: number;
}

export interface Icmp {
  readonly id: number;
  readonly type: number;
  readonly code: number;
}

/** The tuple as `CTA_TUPLE_ORIG` or `CTA_TUPLE_REPLY`. */
export function encodeTuple(type: number, tuple: Tuple): Attribute {
  const { source, destination, zone } = tuple;
  const isIpv4 = familyOf(source) === AF_INET;
  return nested(type, [
    nested(CTA_TUPLE_IP, [
      attrBytes(isIpv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source),
      attrBytes(isIpv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination),
    ]),
    nested(CTA_TUPLE_PROTO, encodeProtocol(tuple, isIpv4)),
    ...(zone === undefined ? [] : [attrBe16(CTA_TUPLE_ZONE, zone)]),
  ]);
}

/** The tuple in the payload of such an attribute. RangeError when malformed or without addresses. */
export function decodeTuple(bytes: Uint8Array): Tuple {
  const parts = decodeAttributes(bytes);
  const ip = decodeAttributes(parts.get(CTA_TUPLE_IP) ?? NOTHING);
  const protocol = decodeAttributes(parts.get(CTA_TUPLE_PROTO) ?? NOTHING);
  const source = ip.get(CTA_IP_V4_SRC) ?? ip.get(CTA_IP_V6_SRC);
  const destination = ip.get(CTA_IP_V4_DST) ?? ip.get(CTA_IP_V6_DST);
  if (source === undefined || destination === undefined)
    throw new RangeError(
      "Cannot decode a conntrack tuple: an address is missing",
    );
  const zone = parts.get(CTA_TUPLE_ZONE);
  return {
    source,
    destination,
    ...decodeProtocol(protocol),
    ...(zone === undefined ? {} : { zone: readBe16(zone) }),
  };
}

function encodeProtocol(tuple: Tuple, isIpv4: boolean): Attribute[] {
  const { protocol, sourcePort, destinationPort, icmp } = tuple;
  return [
    attrU8(CTA_PROTO_NUM, protocol),
    ...(sourcePort === undefined
      ? []
      : [attrBe16(CTA_PROTO_SRC_PORT, sourcePort)]),
    ...(destinationPort === undefined
      ? []
      : [attrBe16(CTA_PROTO_DST_PORT, destinationPort)]),
    ...(icmp === undefined ? [] : encodeIcmp(icmp, isIpv4)),
  ];
}

// In the order in which `conntrack` sends them.
function encodeIcmp({ id, type, code }: Icmp, isIpv4: boolean): Attribute[] {
  return isIpv4
    ? [
        attrU8(CTA_PROTO_ICMP_CODE, code),
        attrU8(CTA_PROTO_ICMP_TYPE, type),
        attrBe16(CTA_PROTO_ICMP_ID, id),
      ]
    : [
        attrU8(CTA_PROTO_ICMPV6_CODE, code),
        attrU8(CTA_PROTO_ICMPV6_TYPE, type),
        attrBe16(CTA_PROTO_ICMPV6_ID, id),
      ];
}

type Protocol = Omit<Tuple, "source" | "destination" | "zone">;

function decodeProtocol(data: ReadonlyMap<number, Uint8Array>): Protocol {
  const protocol = data.get(CTA_PROTO_NUM);
  const sourcePort = data.get(CTA_PROTO_SRC_PORT);
  const destinationPort = data.get(CTA_PROTO_DST_PORT);
  const icmp = decodeIcmp(data);
  return {
    protocol: protocol === undefined ? 0 : readU8(protocol),
    ...(sourcePort === undefined ? {} : { sourcePort: readBe16(sourcePort) }),
    ...(destinationPort === undefined
      ? {}
      : { destinationPort: readBe16(destinationPort) }),
    ...(icmp === undefined ? {} : { icmp }),
  };
}

function decodeIcmp(data: ReadonlyMap<number, Uint8Array>): Icmp | undefined {
  const id = data.get(CTA_PROTO_ICMP_ID) ?? data.get(CTA_PROTO_ICMPV6_ID);
  const type = data.get(CTA_PROTO_ICMP_TYPE) ?? data.get(CTA_PROTO_ICMPV6_TYPE);
  const code = data.get(CTA_PROTO_ICMP_CODE) ?? data.get(CTA_PROTO_ICMPV6_CODE);
  return id === undefined || type === undefined || code === undefined
    ? undefined
    : { id: readBe16(id), type: readU8(type), code: readU8(code) };
}

const NOTHING = new Uint8Array(0);
