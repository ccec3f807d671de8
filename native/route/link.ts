import {
  type Attribute,
  attrBytes,
  attrString,
  attrU32,
  decodeAttributes,
  encodeBody,
  readString,
} from "../attribute.ts";
import { decode, encode } from "../layout.ts";
import {
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_AF_SPEC,
  IFLA_ALT_IFNAME,
  IFLA_EXT_MASK,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINK_NETNSID,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_XDP,
  IFLA_XDP_PROG_ID,
  RTEXT_FILTER_SKIP_STATS,
} from "./constants.ts";
import { fieldsOf, present } from "./fields.ts";
import { ifinfomsg } from "./structs.ts";
import { decodeXfrmSwitches, type XfrmSwitches } from "./xfrm-switches.ts";

/** A network device. */
export interface Link {
  /** Unique in its namespace. */
  readonly index: number;
  readonly name: string;
  /** What made it: "veth", "bridge", "vxlan" … Absent for hardware and loopback. */
  readonly kind?: string;
  /** Index of the bridge or bond that it is a port of. */
  readonly master?: number;
  /** Index of a veth's other end or of the device below, in the namespace `peerNetnsId` names, else in this one. */
  readonly peerIndex?: number;
  /** This namespace's number for the peer's, where that is another. */
  readonly peerNetnsId?: number;
  /** Bytes. */
  readonly mtu: number;
  /** Set up by the administrator (IFF_UP), whether or not there is a carrier. */
  readonly up: boolean;
  /** Hardware address: 6 bytes for Ethernet, else what the kind has, none included. */
  readonly address: Uint8Array;
  /** ARPHRD_*: 1 Ethernet, 772 loopback. */
  readonly type: number;
  /** IFF_* */
  readonly flags: number;
  /** Free text of an administrator or a program. */
  readonly alias?: string;
  /** The settings by which packets of this device pass xfrm; absent where none is on. */
  readonly xfrmSwitches?: XfrmSwitches;
  /** Id of the XDP program that sees what the device receives. */
  readonly xdpProgram?: number;
}

/** What to change of a device; what is left out stays. */
export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  /** Index of the new master, 0 for none. */
  readonly master?: number;
  /** Up to 255 bytes; "" removes it. */
  readonly alias?: string;
}

// IFNAMSIZ - 1: what is longer can only be one of the alternative names.
const LONGEST_NAME = 15;

/** Body of an RTM_GETLINK request: one device by index or (alternative) name, or all for a dump. */
export function encodeLinkQuery(which?: number | string): Uint8Array {
  const index = typeof which === "number" ? which : 0;
  const name =
    typeof which === "string" ? [attrString(nameType(which), which)] : [];
  return withHeader({ index }, [
    attrU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS),
    ...name,
  ]);
}

/** Body of an RTM_NEWLINK request that changes a device. */
export function encodeLinkChange(
  index: number,
  { up, mtu, master, alias }: LinkChange,
): Uint8Array {
  return withHeader({ index, up }, [
    ...(mtu === undefined ? [] : [attrU32(IFLA_MTU, mtu)]),
    ...(master === undefined ? [] : [attrU32(IFLA_MASTER, master)]),
    // Without a final zero byte, which would count: rtnl's policy allows IFALIASZ - 1 bytes in all.
    ...(alias === undefined
      ? []
      : [attrBytes(IFLA_IFALIAS, new TextEncoder().encode(alias))]),
  ]);
}

/** Body of an RTM_DELLINK request. */
export function encodeLinkDelete(index: number): Uint8Array {
  return withHeader({ index }, []);
}

/** Reads the body of an RTM_NEWLINK message. RangeError when malformed. */
export function decodeLink(body: Uint8Array): Link {
  const info = decode(ifinfomsg, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(ifinfomsg.size)));
  const kind = kindOf(fields.bytes(IFLA_LINKINFO));
  return present({
    index: info.ifi_index,
    name: fields.text(IFLA_IFNAME) ?? "",
    kind,
    master: fields.u32(IFLA_MASTER),
    peerIndex: fields.u32(IFLA_LINK),
    peerNetnsId: fields.u32(IFLA_LINK_NETNSID),
    mtu: fields.u32(IFLA_MTU) ?? 0,
    up: (info.ifi_flags & IFF_UP) !== 0,
    address: fields.bytes(IFLA_ADDRESS) ?? new Uint8Array(0),
    type: info.ifi_type,
    flags: info.ifi_flags,
    alias: fields.text(IFLA_IFALIAS),
    xfrmSwitches: decodeXfrmSwitches(fields.bytes(IFLA_AF_SPEC)),
    xdpProgram: xdpProgramOf(fields.bytes(IFLA_XDP)),
  });
}

function xdpProgramOf(xdp: Uint8Array | undefined): number | undefined {
  return xdp && fieldsOf(decodeAttributes(xdp)).u32(IFLA_XDP_PROG_ID);
}

function withHeader(
  { index, up }: { index: number; up?: boolean | undefined },
  list: readonly Attribute[],
): Uint8Array {
  const header = encode(ifinfomsg, {
    ifi_index: index,
    ifi_flags: up === true ? IFF_UP : 0,
    ifi_change: up === undefined ? 0 : IFF_UP,
  });
  return encodeBody(header, list);
}

function nameType(name: string): number {
  return Buffer.byteLength(name) > LONGEST_NAME ? IFLA_ALT_IFNAME : IFLA_IFNAME;
}

function kindOf(linkInfo: Uint8Array | undefined): string | undefined {
  const name = linkInfo && decodeAttributes(linkInfo).get(IFLA_INFO_KIND);
  return name && readString(name);
}
