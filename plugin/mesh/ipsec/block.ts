import type { IpPrefix, SecurityPolicy } from "../../../native/index.ts";
import { BLOCK_PRIORITY } from "../../owned.ts";
import type { Cidr } from "../../../ip/cidr.ts";

/** A policy that lets nothing pass, where none that is better does. */
export function block(
  direction: SecurityPolicy["direction"],
  selector: SecurityPolicy["selector"],
): SecurityPolicy {
  return {
    selector,
    direction,
    action: "block",
    priority: BLOCK_PRIORITY,
    templates: [],
  };
}

/** A CIDR as a selector's end. */
export function prefixOf(cidr: Cidr): IpPrefix {
  return { address: cidr.bytes, length: cidr.prefix };
}

/** 0.0.0.0/0 or ::/0, by the CIDR's family. */
export function anyOf(cidr: Cidr): IpPrefix {
  return { address: new Uint8Array(cidr.bytes.length), length: 0 };
}
