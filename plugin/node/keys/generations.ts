import type { ObservedAssociation } from "../../../native/index.ts";
import type { TunnelSeries } from "../../mesh/ipsec/series.ts";
import { heldIn } from "./held.ts";
import type { KeyNote } from "./note.ts";

/** Which generation of its key an SA is; undefined where it is no SA of this node's series. */
export type GenerationOf = (
  association: ObservedAssociation,
) => number | undefined;

/** An SPI tells the slot alone, so the key decides: it is derived for those that are asked for, not for thousands of peers. */
export function knowGenerations(
  series: readonly TunnelSeries[],
  moved: KeyNote["moved"],
): GenerationOf {
  const places = series
    .flatMap(({ outbound, inbound }) => [outbound, ...inbound])
    .flatMap((one) => one.spis.map((spi) => ({ spi, one })));
  const bySpi = Map.groupBy(places, ({ spi }) => spi);
  return (association) => {
    const find = heldIn([association]);
    return (bySpi.get(association.spi) ?? [])
      .flatMap(({ one }) => find(one, moved.get(one.name()) ?? 0))
      .at(0)?.generation;
  };
}
