import { hash } from "node:crypto";
import { compareAddresses } from "../../../ip/cidr.ts";
import type { SecurityAssociation } from "../../../native/index.ts";
import { accepted } from "./generation.ts";

/** The SAs of one direction of a tunnel under one key of the keyring, generation after generation. */
export interface SaSeries {
  /** Absent with a static key. */
  readonly keyId?: number;
  readonly destination: Uint8Array;
  /** By slot; with a static key, which has one generation alone, a single one. */
  readonly spis: readonly number[];
  spiAt(generation: number): number;
  at(generation: number): SecurityAssociation;
  /** Tells it from every other one, of any secret; no key can be told from it. */
  name(): string;
}

/** The series of one tunnel. */
export interface TunnelSeries {
  readonly outbound: SaSeries;
  /** One for every key of the keyring; the active one's first. */
  readonly inbound: readonly SaSeries[];
}

/** Those of a tunnel that never had any: the first generation, and what a receiver has to accept beside it. */
export function firstAssociations({
  outbound,
  inbound,
}: TunnelSeries): SecurityAssociation[] {
  return [
    outbound.at(0),
    ...inbound.flatMap((series) =>
      acceptedOf(series, 0).map((generation) => series.at(generation)),
    ),
  ];
}

/** The generations that a receiver accepts that has heard one: of a static key's series its only one. */
export function acceptedOf({ keyId }: SaSeries, heard: number): number[] {
  return keyId === undefined ? [0] : accepted(heard);
}

/** Where the SAs of a tunnel may be. */
export function placesOf({
  outbound,
  inbound,
}: TunnelSeries): Pick<SecurityAssociation, "destination" | "spi">[] {
  return [outbound, ...inbound].flatMap(({ destination, spis }) =>
    spis.map((spi) => ({ destination, spi })),
  );
}

/** Without doubles: with a static key tunnels share an inbound SA. */
export function inOrder(
  associations: readonly SecurityAssociation[],
): SecurityAssociation[] {
  return [...new Set(associations)].sort(
    (a, b) => compareAddresses(a.destination, b.destination) || a.spi - b.spi,
  );
}

/** A series' name: 64 bits of a hash of what its keys are made of. */
export function nameAfter(parts: string): string {
  const digest = hash("sha256", `crosslink series 1 ${parts}`, "buffer");
  // No part of a longer text, which would stay in memory with it.
  return digest.toString("hex", 0, 8);
}
