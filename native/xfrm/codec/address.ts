import { AF_INET, familyOf, formatAddress } from "../../address.ts";

/** Reads an `xfrm_address_t`: its first 4 bytes for IPv4, else all 16. */
export type AddressReader = (
  view: DataView,
  offset: number,
  family: number,
) => Uint8Array;

/** The family of two addresses that belong together. Throws RangeError when they are of different ones. */
export function commonFamily(
  source: Uint8Array,
  destination: Uint8Array,
): number {
  const family = familyOf(destination);
  if (familyOf(source) !== family)
    throw new RangeError(
      `Cannot encode addresses of different families: ${formatAddress(source)} and ${formatAddress(destination)}`,
    );
  return family;
}

/** A copy of its own for each address. */
export function readAddress(
  view: DataView,
  offset: number,
  family: number,
): Uint8Array {
  // Filled by hand: for so few bytes twice as fast as slice().
  const address = new Uint8Array(sizeOf(family));
  for (let index = 0; index < address.length; index++)
    address[index] = view.getUint8(offset + index);
  return address;
}

/**
 * One copy for all addresses that are equal. A mesh names few addresses in many policies, and typed arrays are what a
 * list of policies costs most for: with a copy each, half of the time that decoding takes is garbage collection.
 */
export function sharedAddresses(): AddressReader {
  const known = new Map<number, Uint8Array>();
  return (view, offset, family) => {
    const key = family === AF_INET ? view.getInt32(offset) : fold(view, offset);
    const found = known.get(key);
    if (found?.length === sizeOf(family) && holds(view, offset, found))
      return found;
    const address = readAddress(view, offset, family);
    known.set(key, address);
    return address;
  };
}

function sizeOf(family: number): number {
  return family === AF_INET ? 4 : 16;
}

function fold(view: DataView, offset: number): number {
  return (
    view.getInt32(offset) ^
    view.getInt32(offset + 4) ^
    view.getInt32(offset + 8) ^
    view.getInt32(offset + 12)
  );
}

function holds(view: DataView, offset: number, address: Uint8Array): boolean {
  for (let index = 0; index < address.length; index++)
    if (view.getUint8(offset + index) !== address[index]) return false;
  return true;
}
