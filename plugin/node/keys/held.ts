import { type ObservedAssociation, sameBytes } from "../../../native/index.ts";
import { generationsIn, slotOf } from "../../mesh/ipsec/generation.ts";
import type { SaSeries } from "../../mesh/ipsec/series.ts";
import { associationServes } from "../../reconcile/equality.ts";

/** An SA of a series in the kernel. */
interface Held {
  readonly generation: number;
  readonly association: ObservedAssociation;
  /** Whether it is as the series has it. */
  readonly serves: boolean;
}

/** Which SAs are asked for: each look costs a key. */
type Choice = (association: ObservedAssociation, slot: number) => boolean;

/** Finds the SAs of a series that the kernel holds, the newest last. */
export type FindHeld = (
  series: SaSeries,
  near: number,
  isAskedFor?: Choice,
) => Held[];

/** How many generations of a slot are tried where nothing is noted of them. */
const SEARCHED = 32;

/** Sorts what the kernel has, so that each series finds its own at once. */
export function heldIn(associations: readonly ObservedAssociation[]): FindHeld {
  const bySpi = Map.groupBy(associations, ({ spi }) => spi);
  return (series, near, isAskedFor = () => true) =>
    series.spis
      .flatMap((spi, slot) =>
        (bySpi.get(spi) ?? [])
          .filter((association) => isAskedFor(association, slot))
          .filter((association) => isInPlace(series, association))
          .flatMap((association) =>
            identify(series, association, { slot, near }),
          ),
      )
      .sort((a, b) => a.generation - b.generation);
}

/** Another program's may have the same SPI. */
function isInPlace(
  series: SaSeries,
  { source, destination, reqid }: ObservedAssociation,
): boolean {
  const first = series.at(0);
  return (
    reqid === first.reqid &&
    sameBytes(destination, first.destination) &&
    sameBytes(source, first.source)
  );
}

/** By its key; none where no generation has it. The likely ones are compared as a whole, which takes their keys once. */
function identify(
  series: SaSeries,
  association: ObservedAssociation,
  { slot, near }: { readonly slot: number; readonly near: number },
): Held[] {
  const isOnly = series.keyId === undefined;
  const likely = isOnly
    ? [0]
    : [near, near + 1, near - 1].filter(
        (generation) => generation >= 0 && slotOf(generation) === slot,
      );
  const standing = likely.find((one) =>
    associationServes(series.at(one), association),
  );
  if (standing !== undefined)
    return [{ generation: standing, association, serves: true }];
  const all = isOnly ? likely : generationsIn(slot, SEARCHED + near);
  const key = association.aead?.key;
  const generation = all.find((one) => key?.equals(series.at(one).aead.key));
  return generation === undefined
    ? []
    : [
        {
          generation,
          association,
          serves: associationServes(series.at(generation), association),
        },
      ];
}
