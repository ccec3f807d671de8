import {
  convertResult,
  type Dns,
  type Result,
  type Route,
} from "../cni/result.ts";
import type { Lease } from "./allocator.ts";

/** What an ADD gave, before it is written in the configuration's version. */
export interface AddResult {
  readonly leases: readonly Lease[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

/**
 * ADD's result in `version`: addresses with their subnet's prefix length, no interfaces (SPEC.md 1.1.0 §4
 * "Delegated plugin execution procedure"), and always `dns`, as host-local writes it.
 */
export function writeResult(added: AddResult, version: string): object {
  const result: Result = {
    cniVersion: version,
    interfaces: [],
    ips: added.leases.map(({ address, range }) => ({
      address: `${address.text}/${range.subnet.prefix}`,
      gateway: range.gateway.text,
    })),
    routes: version === "1.1.0" ? added.routes : added.routes.map(plain),
    dns: added.dns,
  };
  return { ...convertResult(result, version), dns: added.dns };
}

/** Everything but destination and gateway came with CNI 1.1.0. */
function plain({ dst, gw }: Route): Route {
  return { dst, ...(gw !== undefined && { gw }) };
}
