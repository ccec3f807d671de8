import { hash } from "node:crypto";
import { compareAddresses } from "../../../ip/cidr.ts";
import type { SecurityAssociation } from "../../../native/index.ts";
import { accepted } from "./generation.ts";

/** The SAs of one direction of a tunnel under one key of the keyring, generation after generation. */
export interface SaSeries {
  /** Absent with a static key. */
  readonly keyId?: number;
  /** By slot; with a static key, which has one generation alone, a single one. */
  readonly spis: readonly number[];
  readonly at: (generation: number) => SecurityAssociation;
  /** Tells it from every other one, of any secret; no key can be told from it. */
  readonly name: () => string;
}

/** The series of one tunnel. */
export interface TunnelSeries {
  readonly outbound: SaSeries;
  /** One for every key of the keyring; the active one's first. */
  readonly inbound: readonly SaSeries[];
}

/** A series that works each of its SAs out once, and only when it is asked for. */
export function seriesOf(
  series: Pick<SaSeries, "keyId" | "spis">,
  make: (generation: number) => SecurityAssociation,
): SaSeries {
  const made: SecurityAssociation[] = [];
  const at = (generation: number): SecurityAssociation =>
    (made[generation] ??= make(generation));
  let name: string | undefined;
  return { ...series, at, name: () => (name ??= nameAfter(at(0))) };
}

/** Those of a tunnel that never had any: the first generation, and what a receiver has to accept beside it. */
export function firstAssociations({
  outbound,
  inbound,
}: TunnelSeries): SecurityAssociation[] {
  return [
    outbound.at(0),
    ...inbound.flatMap((series) => acceptedOf(series, 0)),
  ];
}

/** What a receiver accepts that has heard a generation: of a static key's series its only SA. */
export function acceptedOf(
  { keyId, at }: SaSeries,
  heard: number,
): SecurityAssociation[] {
  return keyId === undefined ? [at(0)] : accepted(heard).map(at);
}

/** Without doubles: with a static key tunnels share an inbound SA. */
export function inOrder(
  associations: readonly SecurityAssociation[],
): SecurityAssociation[] {
  return [...new Set(associations)].sort(
    (a, b) => compareAddresses(a.destination, b.destination) || a.spi - b.spi,
  );
}

/** 64 bits of a hash of the first SA. */
function nameAfter({
  source,
  destination,
  spi,
  aead,
}: SecurityAssociation): string {
  const label = Buffer.from(`crosslink series 1 ${String(spi)}`);
  const all = Buffer.concat([label, source, destination, aead.key.bytes()]);
  return hash("sha256", all, "hex").slice(0, 16);
}
