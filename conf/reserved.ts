import { type Cidr, sharePrefix } from "../ip/cidr.ts";

/** Special-purpose blocks (RFC 6890) as the first bytes of their network, its prefix length and its name. */
const ipv4Blocks: readonly Block[] = [
  { start: [0], prefix: 8, name: "0.0.0.0/8, which no machine can have" },
  { start: [127], prefix: 8, name: "127.0.0.0/8, the loopback addresses" },
  { start: [169, 254], prefix: 16, name: "169.254.0.0/16, link-local" },
  { start: [224], prefix: 4, name: "224.0.0.0/4, multicast" },
];

const ipv6Blocks: readonly Block[] = [
  { start: [0, 0], prefix: 16, name: "::/16, which holds loopback" },
  { start: [0xfe, 0x80], prefix: 10, name: "fe80::/10, link-local" },
  { start: [0xff], prefix: 8, name: "ff00::/8, multicast" },
];

interface Block {
  readonly start: readonly number[];
  readonly prefix: number;
  readonly name: string;
}

/**
 * The special-purpose block that the network overlaps, as a message names it.
 *
 * No pod or node of a mesh has an address there, and a block policy toward such a block would cut the machine off
 * from itself or its neighbours.
 */
export function reservedBlock(cidr: Cidr): string | undefined {
  const blocks = cidr.family === 4 ? ipv4Blocks : ipv6Blocks;
  return blocks.find(({ start, prefix }) =>
    sharePrefix(start, cidr.bytes, Math.min(prefix, cidr.prefix)),
  )?.name;
}
