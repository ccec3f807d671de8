import { formatAddress } from "../../../native/address.ts";
import type { ObservedAssociation } from "../../../native/xfrm/sa.ts";

/** Finds an SA as the kernel does. */
export type FindAssociation = (
  destination: Uint8Array,
  spi: number,
) => ObservedAssociation | undefined;

/** Sorts the kernel's SAs, so that each peer's are found among thousands at once. */
export function findAssociations(
  associations: readonly ObservedAssociation[],
): FindAssociation {
  const name = (destination: Uint8Array, spi: number): string =>
    `${formatAddress(destination)} ${String(spi)}`;
  const byName = new Map(
    associations.map((sa) => [name(sa.destination, sa.spi), sa]),
  );
  return (destination, spi) => byName.get(name(destination, spi));
}
