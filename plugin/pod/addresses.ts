import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Result } from "../../cni/result.ts";
import { parseAddress, parseAddressWithPrefix } from "../../ip/cidr.ts";
import { type InterfaceAddress, sameBytes } from "../../native/index.ts";

/** RT_SCOPE_LINK: include/uapi/linux/rtnetlink.h. What is wider has a smaller number. */
const SCOPE_LINK = 253;

/** What prevResult and the kernel say of the addresses of CNI_IFNAME. */
export interface PodAddresses {
  /**
   * Those that the interface has, and that prevResult lists. Where that lists none of it, all that lead beyond its link;
   * where it has none yet (some base plugins leave that to DHCP in the pod), what prevResult gives to it.
   */
  readonly own: readonly Uint8Array[];
  /** Those that prevResult gives to the interface, and that it has not. */
  readonly absent: readonly Uint8Array[];
  /** The IPv6 addresses that the pod takes for its routers', each once. */
  readonly gateways: readonly Uint8Array[];
}

/**
 * The addresses of a pod's interface. Whatever prevResult says of them: another interface's are none of its, nor are
 * another pod's, and the kernel knows.
 *
 * @param has the interface's, as the pod's kernel has them
 * @throws CniError 6 with the pointer of what is no address with a prefix length
 */
export function podAddresses(
  result: Pick<Result, "interfaces" | "ips">,
  ifname: string,
  has: readonly InterfaceAddress[],
): PodAddresses {
  const entries = result.ips.map((ip, index) => readEntry(ip, index));
  const beyondLink = has.filter(({ scope }) => scope < SCOPE_LINK);
  const isProven = ({ address }: Entry): boolean =>
    has.some((known) => sameBytes(known.address, address));
  const given = entries.filter((entry) => isGivenTo(ifname, entry, result));
  const isBare = beyondLink.length === 0;
  const own = isBare ? given : entries.filter(isProven);
  const absent = isBare ? [] : given.filter((entry) => !isProven(entry));
  const isSilent = own.length === 0 && absent.length === 0;
  return {
    own: distinct((isSilent ? beyondLink : own).map(addressOf)),
    absent: distinct(absent.map(addressOf)),
    gateways: distinct(
      own.flatMap(({ gateway }) => gateway ?? []).filter(isIpv6),
    ),
  };
}

interface Entry {
  readonly address: Uint8Array;
  readonly gateway: Uint8Array | undefined;
  /** Where `interfaces` of the result has its owner. */
  readonly owner: number | undefined;
}

function readEntry(
  { address, gateway, interface: owner }: Result["ips"][number],
  index: number,
): Entry {
  const pointer = `/ips/${String(index)}`;
  return {
    address: readable(
      `${pointer}/address`,
      () => parseAddressWithPrefix(address).address.bytes,
    ),
    gateway: gateway
      ? readable(`${pointer}/gateway`, () => parseAddress(gateway).bytes)
      : undefined,
    owner,
  };
}

/** An address that names no interface may be this one's: Calico up to 3.30 lists none, nor do 0.2.0 results. */
function isGivenTo(
  ifname: string,
  { owner }: Entry,
  { interfaces }: Pick<Result, "interfaces">,
): boolean {
  const found = owner === undefined ? undefined : interfaces[owner];
  return found === undefined || found.name === ifname;
}

function addressOf({ address }: { readonly address: Uint8Array }): Uint8Array {
  return address;
}

function isIpv6(address: Uint8Array): boolean {
  return address.length === 16;
}

function distinct(addresses: readonly Uint8Array[]): Uint8Array[] {
  return [
    ...new Map(addresses.map((bytes) => [bytes.toString(), bytes])).values(),
  ];
}

/** What the plugin before wrote is its fault, not ours: `cni/` reads the result's shape, but knows no addresses. */
function readable<Value>(pointer: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CniError(
      ErrorCode.decode,
      `Cannot read prevResult: ${cause.message}`,
      {
        details: `at ${pointer}; the plugin before crosslink in the conflist wrote it: look at its version and its log`,
        cause,
      },
    );
  }
}
