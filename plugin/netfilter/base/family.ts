import {
  AF_INET,
  AF_INET6,
  type SetField,
  TYPE_IP6ADDR,
  TYPE_IPADDR,
} from "../../../native/index.ts";

/** An IP version, as {@link Cidr} says it. */
export type Family = 4 | 6;

/** Both, IPv4 first. */
export const FAMILIES: readonly Family[] = [4, 6];

/** What netfilter knows a family by. */
export interface FamilyTraits {
  /** `AF_INET`, `AF_INET6` */
  readonly number: number;
  /** As `nft` writes it. */
  readonly word: "ip" | "ip6";
  /** Bytes of an address. */
  readonly length: number;
  /** Where the addresses are in the network header, in bytes. */
  readonly source: number;
  readonly destination: number;
  /** The type of an address in a set. */
  readonly field: SetField;
}

/** The numbers and words of a family (RFC 791 §3.1, RFC 8200 §3 for the offsets). */
export function traitsOf(family: Family): FamilyTraits {
  return family === 4 ? IPV4 : IPV6;
}

const IPV4: FamilyTraits = {
  number: AF_INET,
  word: "ip",
  length: 4,
  source: 12,
  destination: 16,
  field: { type: TYPE_IPADDR, length: 4 },
};

const IPV6: FamilyTraits = {
  number: AF_INET6,
  word: "ip6",
  length: 16,
  source: 8,
  destination: 24,
  field: { type: TYPE_IP6ADDR, length: 16 },
};
