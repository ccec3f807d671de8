import { createHash } from "node:crypto";

/**
 * The hardware address of a node's overlay device, from the address that the node has in the underlay: whoever reads the
 * cluster files knows it. For IPv4 it holds that address: 02:43 and its four bytes; for IPv6 06 and 40 bits of its SHA-256.
 * Both are unicast and locally administered (IEEE 802 §8.2: bits 0 and 1 of the first byte).
 */
export function hardwareAddressOf(address: Uint8Array): Uint8Array {
  if (address.length === 4) return Uint8Array.of(0x02, 0x43, ...address);
  const digest = createHash("sha256").update(address).digest();
  return Uint8Array.of(0x06, ...digest.subarray(0, 5));
}

/** The link-local address that belongs to a hardware address: RFC 4291 §2.5.6 and appendix A. */
export function linkLocalOf(hardwareAddress: Uint8Array): Uint8Array {
  const [first = 0, ...rest] = hardwareAddress;
  const vendor = [first ^ 0x02, ...rest.slice(0, 2)];
  const prefix = [0xfe, 0x80, 0, 0, 0, 0, 0, 0];
  return Uint8Array.of(...prefix, ...vendor, 0xff, 0xfe, ...rest.slice(2));
}
