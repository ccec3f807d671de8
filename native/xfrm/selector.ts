import type { IpPrefix } from "../address.ts";

/**
 * What traffic a policy is for. Both prefixes are of one family. A field left out matches anything.
 * Source: `struct xfrm_selector`, include/uapi/linux/xfrm.h.
 */
export interface Selector {
  readonly source: IpPrefix;
  readonly destination: IpPrefix;
  /** IP protocol number; 6 is TCP. */
  readonly protocol?: number;
  /** For ICMP the message's type, as `ip xfrm policy … type` has it. */
  readonly sourcePort?: number;
  /** For ICMP the message's code. */
  readonly destinationPort?: number;
  readonly interfaceIndex?: number;
}

/** Matches packets whose mark, under `mask`, is `value`. Source: `struct xfrm_mark`. */
export interface Mark {
  readonly value: number;
  readonly mask: number;
}

/** `mode 4` stands for what has no word here (BEET is 4, IP-TFS is 5): seen, never asked for. */
export type Mode = "tunnel" | "transport" | `mode ${number}`;
