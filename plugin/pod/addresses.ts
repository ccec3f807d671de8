import type { Result } from "../../cni/result.ts";
import { parseAddress, parseAddressWithPrefix } from "../../conf/cidr.ts";

/**
 * The addresses of the pod in a result: those of an interface inside the sandbox, and those that
 * name no interface at all (Calico up to 3.30 lists none; so do 0.2.0 results).
 */
export function podAddresses(result: Result): Uint8Array[] {
  return podEntries(result).map(
    ({ address }) => parseAddressWithPrefix(address).address.bytes,
  );
}

/** The IPv6 addresses that the pod takes for its routers', each once. */
export function podGateways(result: Result): Uint8Array[] {
  const gateways = podEntries(result)
    .flatMap(({ gateway }) => (gateway ? [parseAddress(gateway)] : []))
    .filter(({ family }) => family === 6)
    .map(({ text, bytes }) => [text, bytes] as const);
  return [...new Map(gateways).values()];
}

function podEntries(result: Result): Result["ips"] {
  return result.ips.filter(({ interface: index }) => {
    if (index === undefined) return true;
    const owner = result.interfaces[index];
    return owner === undefined || Boolean(owner.sandbox);
  });
}
