import type { ObservedAssociation } from "../../native/index.ts";
import { madeSeconds } from "../ike/outgoing.ts";
import type { GenerationOf } from "../node/keys/generations.ts";
import { hex } from "../reconcile/hex.ts";

/** One direction of a tunnel as the kernel counts it; null where the SA is missing. */
export interface Traffic {
  readonly spi: string;
  /** Of the key, from 0; null with IKE. */
  readonly generation: number | null;
  readonly bytes: number;
  readonly packets: number;
  readonly ageSeconds: number;
}

interface TrafficFacts {
  readonly nowSeconds: number;
  readonly generationOf: GenerationOf;
}

/** Sums an end's SAs; while keys rotate several accept, and the one used last tells the SPI. */
export function trafficOf(
  { nowSeconds, generationOf }: TrafficFacts,
  found: readonly ObservedAssociation[],
): Traffic | null {
  const [current] = found.toSorted((a, b) =>
    Number((b.lastUsedSeconds ?? 0n) - (a.lastUsedSeconds ?? 0n)),
  );
  if (current === undefined) return null;
  return {
    spi: hex(current.spi),
    generation: generationOf(current) ?? null,
    bytes: found.reduce((sum, sa) => sum + Number(sa.current.bytes), 0),
    packets: found.reduce((sum, sa) => sum + Number(sa.current.packets), 0),
    ageSeconds: nowSeconds - madeSeconds(current, nowSeconds),
  };
}
