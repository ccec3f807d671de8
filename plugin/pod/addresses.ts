import type { Result } from "../../cni/result.ts";
import { parseAddressWithPrefix } from "../../conf/cidr.ts";

/**
 * The addresses of the pod in a result: those of an interface inside the sandbox, and those that
 * name no interface at all (Calico up to 3.30 lists none; so do 0.2.0 results).
 */
export function podAddresses(result: Result): Uint8Array[] {
  return result.ips
    .filter(({ interface: index }) => {
      if (index === undefined) return true;
      const owner = result.interfaces[index];
      return owner === undefined || Boolean(owner.sandbox);
    })
    .map(({ address }) => parseAddressWithPrefix(address).address.bytes);
}
