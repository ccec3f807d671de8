import type { Cidr } from "../../../ip/cidr.ts";
import { type Expression, NFT_META_MARK } from "../../../native/index.ts";
import { type Family, traitsOf } from "./family.ts";
import { type PacketMark, WHOLE_MARK } from "./mark.ts";

/** Which address of a packet. */
export type AddressSide = "source" | "destination";

/** `NFT_REG_1`, 16 bytes: as `nft` and iptables-nft do, each match loads it anew. */
export const REGISTER = 1;

/** Matches packets whose address lies in the network, as iptables-nft writes `-s` and `-d`; nothing for a /0. */
export function inNetwork(end: AddressSide, network: Cidr): Expression[] {
  const { bytes, prefix } = network;
  if (prefix === 0) return [];
  if (prefix % 8 === 0)
    return [
      loadAddress(end, network.family, prefix / 8),
      equals(...significantBytes(network)),
    ];
  return [
    loadAddress(end, network.family, bytes.length),
    under(maskOf(bytes.length, prefix)),
    equals(...bytes),
  ];
}

/** The bytes that such a match compares: whole bytes of the prefix, or all of the address where it ends within one. */
export function significantBytes({ bytes, prefix }: Cidr): Uint8Array {
  return prefix % 8 === 0 ? bytes.subarray(0, prefix / 8) : bytes;
}

/** Matches packets whose address is in one of our sets. */
export function inSet(
  end: AddressSide,
  family: Family,
  set: string,
): Expression[] {
  return [
    loadAddress(end, family, traitsOf(family).length),
    { kind: "lookup", set, register: REGISTER, inverted: false },
  ];
}

/** Matches packets that have none of the marks, as iptables-nft writes `-m mark ! --mark 0x4000/0x4000` for each. */
export function withoutMarks(marks: readonly PacketMark[]): Expression[] {
  return marks.flatMap(withoutMark);
}

function withoutMark({ value, mask }: PacketMark): Expression[] {
  return [
    { kind: "meta", key: NFT_META_MARK, access: "load", register: REGISTER },
    ...(mask === WHOLE_MARK ? [] : [under(hostWord(mask))]),
    {
      kind: "cmp",
      operator: value === 0 ? "==" : "!=",
      register: REGISTER,
      value: hostWord(value),
    },
  ];
}

function under(mask: Uint8Array): Expression {
  return {
    kind: "bitwise",
    source: REGISTER,
    destination: REGISTER,
    mask,
    xor: new Uint8Array(mask.length),
  };
}

/** Counts packets, for admins who ask whether a rule is hit. */
export const COUNTER: Expression = {
  kind: "counter",
  packets: 0n,
  bytes: 0n,
};

/** Loads an address, or its first `length` bytes. */
function loadAddress(
  end: AddressSide,
  family: Family,
  length: number,
): Expression {
  return {
    kind: "payload",
    base: "network",
    offset: traitsOf(family)[end],
    length,
    register: REGISTER,
  };
}

/** Keeps the packet's source: it is given the one that it has. */
export function keepSource(family: Family): readonly Expression[] {
  const { number, length } = traitsOf(family);
  return [
    loadAddress("source", family, length),
    {
      kind: "nat",
      type: "snat",
      family: number,
      addressRegister: REGISTER,
      flags: 0,
    },
  ];
}

/** Goes on where the register holds these bytes. */
export function equals(...bytes: readonly number[]): Expression {
  const value = Uint8Array.from(bytes);
  return { kind: "cmp", operator: "==", register: REGISTER, value };
}

function maskOf(length: number, prefix: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => {
    const bits = Math.min(Math.max(prefix - 8 * index, 0), 8);
    return (0xff00 >> bits) & 0xff;
  });
}

// Marks are numbers of the host; addresses are in network order.
function hostWord(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
