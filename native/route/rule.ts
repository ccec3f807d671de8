import type { IpPrefix } from "../address.ts";
import { decodeAttributes } from "../attribute.ts";
import { decode, encode } from "../layout.ts";
import {
  FRA_DST,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_IIFNAME,
  FRA_OIFNAME,
  FRA_PRIORITY,
  FRA_SRC,
  FRA_TABLE,
} from "./constants.ts";
import { type Fields, fieldsOf, present } from "./fields.ts";
import { fibRuleHdr } from "./structs.ts";

/** Which packets are looked up in which table. The kernel asks rules in the order of their priority. */
export interface RoutingRule {
  readonly family: number;
  readonly priority: number;
  /** FR_ACT_*: 1 look up in `table`, 2 go to another rule, 6 blackhole, 7 unreachable, 8 prohibit. */
  readonly action: number;
  readonly table: number;
  readonly source?: IpPrefix;
  readonly destination?: IpPrefix;
  readonly inputInterface?: string;
  readonly outputInterface?: string;
  readonly mark?: number;
  readonly markMask?: number;
}

/** Body of an RTM_GETRULE dump request. */
export function encodeRuleQuery(family: number): Uint8Array {
  return encode(fibRuleHdr, { family });
}

/** Reads the body of an RTM_NEWRULE message. RangeError when malformed. */
export function decodeRule(body: Uint8Array): RoutingRule {
  const header = decode(fibRuleHdr, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(fibRuleHdr.size)));
  return present({
    family: header.family,
    priority: fields.u32(FRA_PRIORITY) ?? 0,
    action: header.action,
    table: fields.u32(FRA_TABLE) ?? header.table,
    source: prefixOf(fields, FRA_SRC, header.src_len),
    destination: prefixOf(fields, FRA_DST, header.dst_len),
    inputInterface: fields.text(FRA_IIFNAME),
    outputInterface: fields.text(FRA_OIFNAME),
    mark: fields.u32(FRA_FWMARK),
    markMask: fields.u32(FRA_FWMASK),
  });
}

function prefixOf(
  fields: Fields,
  type: number,
  length: number,
): IpPrefix | undefined {
  const address = fields.bytes(type);
  return address && { address, length };
}
