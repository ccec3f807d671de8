import { AF_INET, familyOf } from "../address.ts";
import {
  type Attribute,
  attrBe16,
  attrBytes,
  attrString,
  attrU32,
  attrU8,
  decodeAttributes,
  encodeBody,
  nestedPlain,
  readBe16,
} from "../attribute.ts";
import { encode } from "../layout.ts";
import {
  IFF_UP,
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
import { fieldsOf, present } from "./fields.ts";
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
  /** The device's index, where the kernel is not to choose. EBUSY where it is taken. */
  readonly index?: number;
  /** Set up at once. */
  readonly up?: boolean;
}

/** What a VXLAN device says of itself. */
export type VxlanTraits = Pick<Vxlan, "id" | "local" | "port" | "learning">;

/** Body of an RTM_NEWLINK request that makes the device. Byte for byte what `ip link add … type vxlan` sends. */
export function encodeVxlan(vxlan: Vxlan): Uint8Array {
  const { name, mtu, address, index, up } = vxlan;
  const flags = up === true ? IFF_UP : 0;
  const header = encode(ifinfomsg, {
    ...(index === undefined ? {} : { ifi_index: index }),
    ifi_flags: flags,
    ifi_change: flags,
  });
  const list = [
    ...(mtu === undefined ? [] : [attrU32(IFLA_MTU, mtu)]),
    ...(address === undefined ? [] : [attrBytes(IFLA_ADDRESS, address)]),
    attrString(IFLA_IFNAME, name),
    nestedPlain(IFLA_LINKINFO, [
      attrBytes(IFLA_INFO_KIND, new TextEncoder().encode("vxlan")),
      nestedPlain(IFLA_INFO_DATA, tunnelAttributes(vxlan)),
    ]),
  ];
  return encodeBody(header, list);
}

/** Reads IFLA_INFO_DATA of a VXLAN device. RangeError when malformed. */
export function decodeVxlanTraits(data: Uint8Array): VxlanTraits {
  const fields = fieldsOf(decodeAttributes(data));
  const port = fields.bytes(IFLA_VXLAN_PORT);
  return present({
    id: fields.u32(IFLA_VXLAN_ID) ?? 0,
    local: fields.bytes(IFLA_VXLAN_LOCAL) ?? fields.bytes(IFLA_VXLAN_LOCAL6),
    port: port === undefined ? 0 : readBe16(port),
    learning: (fields.bytes(IFLA_VXLAN_LEARNING)?.[0] ?? 0) !== 0,
  });
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
