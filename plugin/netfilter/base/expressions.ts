import type { Cidr } from "../../../ip/cidr.ts";
import { NFT_META_MARK } from "../../../native/nftables/constants.ts";
import type { Expression } from "../../../native/nftables/expression/expression.ts";
import { type Family, traitsOf } from "./family.ts";
import { MASQUERADE_MARK } from "./own.ts";

/** Which address of a packet. */
export type End = "source" | "destination";

/** `NFT_REG_1`, 16 bytes: as `nft` and iptables-nft do, each match loads it anew. */
export const REGISTER = 1;

/** Matches packets whose address lies in the network, as iptables-nft writes `-s` and `-d`; nothing for a /0. */
export function inNetwork(end: End, network: Cidr): Expression[] {
  const { bytes, prefix } = network;
  if (prefix === 0) return [];
  if (prefix % 8 === 0)
    return [
      load(end, network.family, prefix / 8),
      equals(significantBytes(network)),
    ];
  return [
    load(end, network.family, bytes.length),
    {
      kind: "bitwise",
      source: REGISTER,
      destination: REGISTER,
      mask: maskOf(bytes.length, prefix),
      xor: new Uint8Array(bytes.length),
    },
    equals(bytes),
  ];
}

/** The bytes that such a match compares: whole bytes of the prefix, or all of the address where it ends within one. */
export function significantBytes({ bytes, prefix }: Cidr): Uint8Array {
  return prefix % 8 === 0 ? bytes.subarray(0, prefix / 8) : bytes;
}

/** Matches packets whose address is in one of our sets. */
export function inSet(end: End, family: Family, set: string): Expression[] {
  return [
    load(end, family, traitsOf(family).length),
    { kind: "lookup", set, register: REGISTER, inverted: false },
  ];
}

/** Matches packets that kube-proxy did not mark for masquerading: `-m mark ! --mark 0x4000/0x4000`. */
export function withoutMark(): Expression[] {
  const mark = markBytes();
  return [
    { kind: "meta", key: NFT_META_MARK, access: "load", register: REGISTER },
    {
      kind: "bitwise",
      source: REGISTER,
      destination: REGISTER,
      mask: mark,
      xor: new Uint8Array(4),
    },
    { kind: "cmp", operator: "!=", register: REGISTER, value: mark },
  ];
}

/** Counts packets, for admins who ask whether a rule is hit. */
export const COUNTER: Expression = {
  kind: "counter",
  packets: 0n,
  bytes: 0n,
};

/** Loads an address, or its first `length` bytes. */
export function load(end: End, family: Family, length: number): Expression {
  return {
    kind: "payload",
    base: "network",
    offset: traitsOf(family)[end],
    length,
    register: REGISTER,
  };
}

function equals(value: Uint8Array): Expression {
  return { kind: "cmp", operator: "==", register: REGISTER, value };
}

function maskOf(length: number, prefix: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => {
    const bits = Math.min(Math.max(prefix - 8 * index, 0), 8);
    return (0xff00 >> bits) & 0xff;
  });
}

// Marks are numbers of the host; addresses are in network order.
function markBytes(): Uint8Array {
  return new Uint8Array(Uint32Array.of(MASQUERADE_MARK).buffer);
}
