import { AF_INET, AF_INET6 } from "../address.ts";
import { decodeAttributes } from "../attribute.ts";
import { u32 } from "../field.ts";
import { decode } from "../layout.ts";
import {
  DEVCONF_DISABLE_POLICY,
  IFLA_INET6_CONF,
  IFLA_INET_CONF,
  IPV4_DEVCONF_NOPOLICY,
  IPV4_DEVCONF_NOXFRM,
} from "./constants.ts";

/** A device's settings by which packets pass xfrm, as a link's answer holds them; those of `all` count besides. */
export interface XfrmSwitches {
  /** net.ipv4.conf.DEV.disable_xfrm: nothing that leaves by the device is looked up among the policies. */
  readonly disableXfrm: boolean;
  /** net.ipv4.conf.DEV.disable_policy: what comes in by the device needs no policy's leave. */
  readonly disablePolicy: boolean;
  /** net.ipv6.conf.DEV.disable_policy: the same, for what is addressed to the device's own addresses. */
  readonly disablePolicyIpv6: boolean;
}

/** Reads IFLA_AF_SPEC; undefined where no switch is on. RangeError when malformed. */
export function decodeXfrmSwitches(
  afSpec: Uint8Array | undefined,
): XfrmSwitches | undefined {
  if (afSpec === undefined) return undefined;
  const families = decodeAttributes(afSpec);
  const ipv4 = settings(families.get(AF_INET), IFLA_INET_CONF);
  const ipv6 = settings(families.get(AF_INET6), IFLA_INET6_CONF);
  const switches = {
    disableXfrm: ipv4(IPV4_DEVCONF_NOXFRM - 1),
    disablePolicy: ipv4(IPV4_DEVCONF_NOPOLICY - 1),
    disablePolicyIpv6: ipv6(DEVCONF_DISABLE_POLICY),
  };
  return Object.values(switches).includes(true) ? switches : undefined;
}

/** Whether a setting is on, by its place in the array; an older kernel's array is shorter. */
function settings(
  family: Uint8Array | undefined,
  type: number,
): (place: number) => boolean {
  const array = family && decodeAttributes(family).get(type);
  return (place) =>
    array !== undefined &&
    array.length >= (place + 1) * u32.size &&
    decode(u32, array, place * u32.size) !== 0;
}
