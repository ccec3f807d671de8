import type { Cidr } from "../../ip/cidr.ts";
import type {
  Flowtable,
  ObservedPolicy,
  Program,
  Route,
  SecurityPolicy,
  TrafficFilter,
} from "../../native/index.ts";
import type { Device } from "./devices.ts";

/** A way past xfrm's policies and netfilter's hooks, which crosslink sees on this node and does not own. */
export interface Bypass {
  readonly kind: BypassKind;
  /**
   * "open": traffic of an encrypted CIDR can pass xfrm in clear text, out or in. "weak": it is stopped, or taken elsewhere, or one
   * layer of several does not see it, or nobody can tell.
   */
  readonly severity: "open" | "weak";
  /** One sentence, with names and what to do. */
  readonly sentence: string;
}

/** What it is: a metric's label. */
type BypassKind =
  | "policy"
  | "default-policy"
  | "sysctl"
  | "redirect"
  | "route"
  | "program"
  | "switch"
  | "flowtable"
  | "ipvs";

/** Finds the bypasses of one kind. Pure. */
export type FindBypasses = (facts: BypassFacts) => Bypass[];

/** What is asked of a node's kernel, and the networks that it is about. */
export interface BypassFacts {
  /** Networks that crosslink encrypts toward, none inside of another. */
  readonly remotes: readonly Cidr[];
  /** This cluster's own, as packets carry them before and after translation. */
  readonly locals: readonly Cidr[];
  /** Our policies that let traffic through a tunnel. */
  readonly protecting: readonly SecurityPolicy[];
  readonly policies: readonly ObservedPolicy[];
  /** Directions in which what no policy is for is blocked. */
  readonly blockedByDefault: readonly string[];
  readonly devices: readonly Device[];
  /** Of /proc/sys/net, those that are 1 for all devices: "ipv4/conf/all/disable_xfrm" … */
  readonly switchedOff: ReadonlySet<string>;
  /** Of what devices receive, by index. */
  readonly filters: ReadonlyMap<number, readonly TrafficFilter[]>;
  readonly programs: readonly AttachedProgram[];
  readonly flowtables: readonly Flowtable[];
  readonly forwarders: readonly Forwarder[];
  readonly copiers: readonly Copier[];
  /** Of all tables. */
  readonly routes: readonly Route[];
  /** Undefined where IPVS has no services. */
  readonly ipvs: Ipvs | undefined;
}

/** A table of nftables that sees what devices receive, or send, and has a rule that gives packets to another device. */
export interface Forwarder {
  readonly table: string;
  readonly sees: "receives" | "sends";
  /** As `nft` writes them: `eth*` stands for all whose names begin so. */
  readonly devices: readonly string[];
  /** Else it copies them. */
  readonly moves: boolean;
}

/** A table with a rule that sends copies of packets elsewhere, while they are routed. */
export interface Copier {
  readonly table: string;
  /** What shows its rules. */
  readonly look: string;
}

/** An eBPF program that sees what a device receives, and may hand it to another. */
export interface AttachedProgram {
  readonly index: number;
  /** "tc ingress", "tcx ingress", "netkit" or "XDP". */
  readonly where: string;
  readonly program: Program;
  /** Whether it calls a helper that hands packets to another device; undefined where that cannot be told. */
  readonly redirects: boolean | undefined;
}

/** IPVS, as far as it matters here. */
export interface Ipvs {
  /** net.ipv4.vs.conntrack */
  readonly conntrack: boolean;
  /** The addresses that its services lead to, 4 or 16 bytes each. */
  readonly servers: readonly Uint8Array[];
}
