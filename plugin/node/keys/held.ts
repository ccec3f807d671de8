import { type ObservedAssociation, sameBytes } from "../../../native/index.ts";
import { generationsIn, slotOf } from "../../mesh/ipsec/generation.ts";
import type { SaSeries } from "../../mesh/ipsec/series.ts";

/** An SA of a series in the kernel. */
export interface Held {
  readonly generation: number;
  readonly association: ObservedAssociation;
}

/** Finds the SAs of a series that the kernel holds, the newest last. */
export type FindHeld = (series: SaSeries, near: number) => Held[];

/** How many generations of a slot are tried where nothing is noted of them. */
const SEARCHED = 32;

/** Sorts what the kernel has, so that each series finds its own at once. */
export function heldIn(associations: readonly ObservedAssociation[]): FindHeld {
  const bySpi = Map.groupBy(associations, ({ spi }) => spi);
  return (series, near) =>
    series.spis
      .flatMap((spi, slot) =>
        (bySpi.get(spi) ?? []).flatMap((association) => {
          if (!isInPlace(series, association)) return [];
          const generation = identify(series, association, { slot, near });
          return generation === undefined ? [] : [{ generation, association }];
        }),
      )
      .sort((a, b) => a.generation - b.generation);
}

/** Another program's may have the same SPI. */
function isInPlace(
  { at }: SaSeries,
  { source, destination, reqid }: ObservedAssociation,
): boolean {
  const first = at(0);
  return (
    reqid === first.reqid &&
    sameBytes(destination, first.destination) &&
    sameBytes(source, first.source)
  );
}

/** By its key; undefined where no generation has it. */
function identify(
  { at, spis }: SaSeries,
  { aead }: ObservedAssociation,
  { slot, near }: { readonly slot: number; readonly near: number },
): number | undefined {
  if (aead === undefined) return undefined;
  const isOf = (generation: number): boolean =>
    aead.key.equals(at(generation).aead.key);
  if (spis.length === 1) return isOf(0) ? 0 : undefined;
  const likely = [near, near + 1, near - 1].filter(
    (generation) => generation >= 0 && slotOf(generation) === slot,
  );
  return likely.find(isOf) ?? generationsIn(slot, SEARCHED + near).find(isOf);
}
