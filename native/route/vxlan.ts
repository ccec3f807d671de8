import { AF_INET, familyOf } from "../address.ts";
import {
  type Attribute,
  attrBe16,
  attrBytes,
  attrString,
  attrU32,
  attrU8,
  encodeBody,
  nestedPlain,
} from "../attribute.ts";
import { encode } from "../layout.ts";
import {
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  IFLA_VXLAN_GROUP,
  IFLA_VXLAN_GROUP6,
  IFLA_VXLAN_ID,
  IFLA_VXLAN_LEARNING,
  IFLA_VXLAN_LINK,
  IFLA_VXLAN_LOCAL,
  IFLA_VXLAN_LOCAL6,
  IFLA_VXLAN_PORT,
} from "./constants.ts";
import { ifinfomsg } from "./structs.ts";

/** A VXLAN device to make (RFC 7348). */
export interface Vxlan {
  readonly name: string;
  /** The VNI, 24 bits. */
  readonly id: number;
  /** The address that its packets come from. */
  readonly local?: Uint8Array;
  /** Where packets for unknown hardware addresses go: a peer or a multicast group. */
  readonly remote?: Uint8Array;
  /** Index of the device that it sends by. */
  readonly underlay?: number;
  /** UDP destination port. IANA's is 4789; the kernel's default is 8472. */
  readonly port: number;
  /** Learns hardware addresses from what arrives. */
  readonly learning: boolean;
  /** Bytes. Default: the underlay's less the headers. */
  readonly mtu?: number;
  /** Hardware address, 6 bytes. Default: random. */
  readonly address?: Uint8Array;
}

/** Body of an RTM_NEWLINK request that makes the device. Byte for byte what `ip link add … type vxlan` sends. */
export function encodeVxlan(vxlan: Vxlan): Uint8Array {
  const { name, mtu, address } = vxlan;
  const list = [
    ...(mtu === undefined ? [] : [attrU32(IFLA_MTU, mtu)]),
    ...(address === undefined ? [] : [attrBytes(IFLA_ADDRESS, address)]),
    attrString(IFLA_IFNAME, name),
    nestedPlain(IFLA_LINKINFO, [
      attrBytes(IFLA_INFO_KIND, new TextEncoder().encode("vxlan")),
      nestedPlain(IFLA_INFO_DATA, tunnelAttributes(vxlan)),
    ]),
  ];
  return encodeBody(encode(ifinfomsg, {}), list);
}

function tunnelAttributes({
  id,
  local,
  remote,
  underlay,
  port,
  learning,
}: Vxlan): Attribute[] {
  return [
    ...(underlay === undefined ? [] : [attrU32(IFLA_VXLAN_LINK, underlay)]),
    attrU32(IFLA_VXLAN_ID, id),
    ...(local === undefined
      ? []
      : [byFamily(local, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6)]),
    ...(remote === undefined
      ? []
      : [byFamily(remote, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6)]),
    attrU8(IFLA_VXLAN_LEARNING, learning ? 1 : 0),
    attrBe16(IFLA_VXLAN_PORT, port),
  ];
}

function byFamily(address: Uint8Array, ipv4: number, ipv6: number): Attribute {
  return attrBytes(familyOf(address) === AF_INET ? ipv4 : ipv6, address);
}
