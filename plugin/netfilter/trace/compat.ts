import type { Expression } from "../../../native/index.ts";
import { opposite, type Share } from "./flow.ts";
import { always, markIs, type Match, STATE_NEW } from "./match.ts";

/** A match of iptables' own in a rule of iptables-nft's: an xtables extension and its struct. */
export function compatMatch({
  name,
  revision,
  info,
}: Extract<Expression, { kind: "match" }>): Match {
  switch (name) {
    case "comment":
      return always("all");
    case "conntrack":
      return revision >= 2 ? connectionMatch(info) : always("unknown");
    case "state":
      return always(shareIf((word(info, 0) & STATE_NEW) !== 0));
    case "mark":
    case "connmark": {
      const which = name === "mark" ? "mark" : "connectionMark";
      const match = markIs(word(info, 0), word(info, 4), which);
      return info[8] === 0 ? match : (flow) => opposite(match(flow));
    }
    default:
      return always(isOfProtocol(name) ? "some" : "unknown");
  }
}

/** Matches that ask for a protocol, or a field of its header. */
export function isOfProtocol(name: string): boolean {
  return PROTOCOLS.has(name);
}

const PROTOCOLS = new Set(
  "tcp udp udplite sctp dccp icmp icmp6 icmpv6 ipv6-icmp multiport esp ah ttl hl dscp tos length".split(
    " ",
  ),
);

/** struct xt_conntrack_mtinfo2 and 3, include/uapi/linux/netfilter/xt_conntrack.h: where their fields are. */
const MATCH_FLAGS = 146;
const INVERT_FLAGS = 148;
const STATE_MASK = 150;
const XT_CONNTRACK_STATE = 0x1;
const XT_CONNTRACK_STATUS = 0x40;

/** Asks for states: as a new connection answers; for a status: as one without any. */
function connectionMatch(info: Uint8Array): Match {
  const flags = half(info, MATCH_FLAGS);
  const inverted = half(info, INVERT_FLAGS);
  if ((flags & ~(XT_CONNTRACK_STATE | XT_CONNTRACK_STATUS)) !== 0)
    return always("unknown");
  const state = (half(info, STATE_MASK) & STATE_NEW) !== 0;
  const isState =
    (flags & XT_CONNTRACK_STATE) === 0 ||
    state !== ((inverted & XT_CONNTRACK_STATE) !== 0);
  const isStatus =
    (flags & XT_CONNTRACK_STATUS) === 0 ||
    (inverted & XT_CONNTRACK_STATUS) !== 0;
  return always(shareIf(isState && isStatus));
}

function shareIf(holds: boolean): Share {
  return holds ? "all" : "none";
}

function half(info: Uint8Array, offset: number): number {
  return info.length < offset + 2 ? 0 : view(info).getUint16(offset, true);
}

function word(info: Uint8Array, offset: number): number {
  return info.length < offset + 4 ? 0 : view(info).getUint32(offset, true);
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
