import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Result } from "../../cni/result.ts";
import { parseAddress, parseAddressWithPrefix } from "../../ip/cidr.ts";

/**
 * The addresses of the pod in a result: those of an interface inside the sandbox, and those that
 * name no interface at all (Calico up to 3.30 lists none; so do 0.2.0 results).
 *
 * @throws CniError 6 with the pointer of what is no address with a prefix length
 */
export function podAddresses(result: Result): Uint8Array[] {
  return podEntries(result).map(({ ip: { address }, pointer }) =>
    readable(
      `${pointer}/address`,
      () => parseAddressWithPrefix(address).address.bytes,
    ),
  );
}

/**
 * The IPv6 addresses that the pod takes for its routers', each once.
 *
 * @throws CniError 6 with the pointer of what is no address
 */
export function podGateways(result: Result): Uint8Array[] {
  const gateways = podEntries(result)
    .flatMap(({ ip: { gateway }, pointer }) =>
      gateway
        ? [readable(`${pointer}/gateway`, () => parseAddress(gateway))]
        : [],
    )
    .filter(({ family }) => family === 6)
    .map(({ text, bytes }) => [text, bytes] as const);
  return [...new Map(gateways).values()];
}

interface Entry {
  readonly ip: Result["ips"][number];
  /** Where it stands in prevResult. */
  readonly pointer: string;
}

function podEntries({ ips, interfaces }: Result): Entry[] {
  return ips
    .map((ip, index) => ({ ip, pointer: `/ips/${index}` }))
    .filter(({ ip: { interface: index } }) => {
      if (index === undefined) return true;
      const owner = interfaces[index];
      return owner === undefined || Boolean(owner.sandbox);
    });
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
        details: `at ${pointer}; the plugin before crosslink in the conflist wrote it`,
        cause,
      },
    );
  }
}
