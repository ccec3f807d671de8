import type { Lifetime } from "./sa.ts";
import type { Mark, Mode, Selector } from "./selector.ts";

/** `socket …` are policies that a program set on one socket of its own: seen, never asked for. */
export type Direction = "in" | "out" | "fwd" | "socket in" | "socket out";

/** The SA that a policy demands. Source: `struct xfrm_user_tmpl`. */
export interface Template {
  /** 4 or 16 bytes: the outer header's family, which may differ from the selector's. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly spi?: number;
  readonly reqid: number;
  readonly mode: Mode;
  /** `level use`: packets pass without the SA where there is none. */
  readonly optional?: boolean;
  /** IP protocol; ESP (50) unless said otherwise. */
  readonly protocol?: number;
}

/**
 * A rule of the SPD (RFC 4301 §4.4.1), as `ip xfrm policy add` has it. The kernel knows it by
 * selector, direction, mark and ifId: two that differ in priority alone are EEXIST.
 */
export interface SecurityPolicy {
  readonly selector: Selector;
  readonly direction: Direction;
  readonly action: "allow" | "block";
  /** The lowest number is asked first; among equals the newest. */
  readonly priority: number;
  /** Applied in this order, the first one innermost. */
  readonly templates: readonly Template[];
  /** The kernel chooses one unless it is given. */
  readonly index?: number;
  readonly mark?: Mark;
  readonly ifId?: number;
  /** `XFRM_POLICY_LOCALOK` and `XFRM_POLICY_ICMP`. */
  readonly flags?: number;
}

/** A policy as the kernel reports it; other programs' policies may hold what ours never do. */
export interface ObservedPolicy extends SecurityPolicy {
  readonly index: number;
  readonly current: Lifetime;
  /** What the kernel reported and `SecurityPolicy` cannot say; ours have none. */
  readonly foreign: readonly string[];
}

/** How the kernel finds one policy. */
export type PolicyId = Pick<
  SecurityPolicy,
  "selector" | "direction" | "mark" | "ifId"
>;
