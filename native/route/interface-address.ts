import { familyOf, sameBytes } from "../address.ts";
import {
  attrBytes,
  attrU32,
  decodeAttributes,
  encodeBody,
} from "../attribute.ts";
import { decode, encode } from "../layout.ts";
import {
  IFA_ADDRESS,
  IFA_FLAGS,
  IFA_LABEL,
  IFA_LOCAL,
  IFA_TARGET_NETNSID,
} from "./constants.ts";
import { fieldsOf, present } from "./fields.ts";
import { ifaddrmsg } from "./structs.ts";

/** An address of a device. */
export interface InterfaceAddress {
  /** The device's. */
  readonly index: number;
  readonly address: Uint8Array;
  /** Bits. */
  readonly prefixLength: number;
  /** RT_SCOPE_*: 0 universe, 253 link, 254 host. */
  readonly scope: number;
  /** The other end's, on a point-to-point device. */
  readonly peer?: Uint8Array;
  /** IFA_F_* */
  readonly flags: number;
  /** IPv4: the device's name, or that name with ":…". */
  readonly label?: string;
  /** The number of the namespace that was asked about, where that is another. */
  readonly netnsId?: number;
}

/** Whose addresses are asked for. */
export interface AddressedDevice {
  readonly index: number;
  /** This namespace's number for the device's, where that is another. */
  readonly netnsId?: number;
}

/** Body of an RTM_GETADDR dump request: of all devices, or of one. Family 0 is all. */
export function encodeAddressQuery(
  family: number,
  { index, netnsId }: Partial<AddressedDevice> = {},
): Uint8Array {
  const header = encode(ifaddrmsg, {
    ifa_family: family,
    ifa_index: index ?? 0,
  });
  if (netnsId === undefined) return header;
  return encodeBody(header, [attrU32(IFA_TARGET_NETNSID, netnsId)]);
}

/** An address to give to a device, or to take from it. */
export type AssignedAddress = Pick<
  InterfaceAddress,
  "index" | "address" | "prefixLength" | "scope"
>;

/** Body of an RTM_NEWADDR or RTM_DELADDR request; the latter's scope counts for nothing. */
export function encodeAssignedAddress(assigned: AssignedAddress): Uint8Array {
  const { index, address, prefixLength, scope } = assigned;
  const header = encode(ifaddrmsg, {
    ifa_family: familyOf(address),
    ifa_prefixlen: prefixLength,
    ifa_scope: scope,
    ifa_index: index,
  });
  return encodeBody(header, [
    attrBytes(IFA_LOCAL, address),
    attrBytes(IFA_ADDRESS, address),
  ]);
}

/** Reads the body of an RTM_NEWADDR message. RangeError when malformed. */
export function decodeInterfaceAddress(body: Uint8Array): InterfaceAddress {
  const header = decode(ifaddrmsg, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(ifaddrmsg.size)));
  const [local, address] = [fields.bytes(IFA_LOCAL), fields.bytes(IFA_ADDRESS)];
  return present({
    index: header.ifa_index,
    // include/uapi/linux/if_addr.h: IFA_ADDRESS is the peer's on point-to-point devices, IFA_LOCAL always one's own.
    address: local ?? address ?? new Uint8Array(0),
    prefixLength: header.ifa_prefixlen,
    scope: header.ifa_scope,
    peer:
      local !== undefined && address !== undefined && !sameBytes(local, address)
        ? address
        : undefined,
    flags: fields.u32(IFA_FLAGS) ?? header.ifa_flags,
    label: fields.text(IFA_LABEL),
    netnsId: fields.u32(IFA_TARGET_NETNSID),
  });
}
