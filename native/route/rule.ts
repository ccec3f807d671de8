import type { IpPrefix } from "../address.ts";
import {
  type Attribute,
  attrBytes,
  attrU32,
  attrU8,
  decodeAttributes,
  encodeBody,
  readU8,
} from "../attribute.ts";
import { decode, encode } from "../layout.ts";
import {
  FIB_RULE_INVERT,
  FR_ACT_TO_TBL,
  FRA_DPORT_RANGE,
  FRA_DST,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_GOTO,
  FRA_IIFNAME,
  FRA_IP_PROTO,
  FRA_L3MDEV,
  FRA_OIFNAME,
  FRA_PRIORITY,
  FRA_PROTOCOL,
  FRA_SPORT_RANGE,
  FRA_SRC,
  FRA_SUPPRESS_IFGROUP,
  FRA_SUPPRESS_PREFIXLEN,
  FRA_TABLE,
  FRA_TUN_ID,
  FRA_UID_RANGE,
  RT_TABLE_UNSPEC,
} from "./constants.ts";
import { type Fields, fieldsOf, present } from "./fields.ts";
import { fibRuleHdr, fibRulePortRange, fibRuleUidRange } from "./structs.ts";

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
  /** Who made it: RTPROT_*. Linux 4.17 and later. */
  readonly protocol?: number;
  /** `not`: it counts for the packets that it does not describe. */
  readonly inverted?: boolean;
  /** Of action 2: the priority of the rule to go on with. */
  readonly target?: number;
  /** Routes of the table with a prefix as long, or shorter, do not count: 0 is the default route. */
  readonly suppressedLength?: number;
  readonly tos?: number;
  /** IPPROTO_*. */
  readonly ipProtocol?: number;
  readonly sourcePorts?: Range;
  readonly destinationPorts?: Range;
  /** User ids of the sockets; what the node passes on counts as root's. */
  readonly users?: Range;
  /** Whether it asks for more than the above: a tunnel, a VRF, a group of devices. */
  readonly isNarrow?: boolean;
}

/** Both ends are part of it. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** A rule that has packets from a network looked up in a table: `ip rule add from … table … priority …`. */
export interface SourceRule {
  readonly family: number;
  readonly source: IpPrefix;
  readonly table: number;
  readonly priority: number;
  readonly protocol?: number;
}

/** Body of an RTM_NEWRULE or RTM_DELRULE request. */
export function encodeSourceRule(rule: SourceRule): Uint8Array {
  const { family, source, table, priority, protocol } = rule;
  const header = encode(fibRuleHdr, {
    family,
    src_len: source.length,
    table: table < 256 ? table : RT_TABLE_UNSPEC,
    action: FR_ACT_TO_TBL,
  });
  const list: Attribute[] = [
    attrBytes(FRA_SRC, source.address),
    ...(table < 256 ? [] : [attrU32(FRA_TABLE, table)]),
    attrU32(FRA_PRIORITY, priority),
    ...(protocol === undefined ? [] : [attrU8(FRA_PROTOCOL, protocol)]),
  ];
  return encodeBody(header, list);
}

/** Body of an RTM_GETRULE dump request. */
export function encodeRuleQuery(family: number): Uint8Array {
  return encode(fibRuleHdr, { family });
}

/** Reads the body of an RTM_NEWRULE message. RangeError when malformed. */
export function decodeRule(body: Uint8Array): RoutingRule {
  const header = decode(fibRuleHdr, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(fibRuleHdr.size)));
  const protocol = fields.bytes(FRA_PROTOCOL);
  const ipProtocol = fields.bytes(FRA_IP_PROTO);
  const isNarrow = NARROWING.some((type) => fields.bytes(type));
  const range = (layout: typeof fibRulePortRange, type: number) => {
    const bytes = fields.bytes(type);
    return bytes && decode(layout, bytes);
  };
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
    protocol: protocol && readU8(protocol),
    inverted: (header.flags & FIB_RULE_INVERT) !== 0 ? true : undefined,
    target: fields.u32(FRA_GOTO),
    suppressedLength: suppressedBy(fields),
    tos: header.tos === 0 ? undefined : header.tos,
    ipProtocol: ipProtocol && readU8(ipProtocol),
    sourcePorts: range(fibRulePortRange, FRA_SPORT_RANGE),
    destinationPorts: range(fibRulePortRange, FRA_DPORT_RANGE),
    users: range(fibRuleUidRange, FRA_UID_RANGE),
    isNarrow: isNarrow ? true : undefined,
  });
}

const NARROWING = [FRA_TUN_ID, FRA_SUPPRESS_IFGROUP, FRA_L3MDEV];

/** fib_nl_fill_rule() in net/core/fib_rules.c sends -1 where nothing is suppressed. */
function suppressedBy(fields: Fields): number | undefined {
  const length = fields.u32(FRA_SUPPRESS_PREFIXLEN);
  return length === 0xffffffff ? undefined : length;
}

function prefixOf(
  fields: Fields,
  type: number,
  length: number,
): IpPrefix | undefined {
  const address = fields.bytes(type);
  return address && { address, length };
}
