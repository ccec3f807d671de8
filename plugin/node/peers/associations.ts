import {
  formatAddress,
  type ObservedAssociation,
} from "../../../native/index.ts";
import type { Peer } from "../../mesh/state.ts";

/** The kernel's SAs, so that each peer's are found among thousands at once. */
export interface KnownAssociations {
  /** Finds an SA as the kernel does. */
  readonly find: (
    destination: Uint8Array,
    spi: number,
  ) => ObservedAssociation | undefined;
  /** A peer's, the newest last. With IKE those that carry the link's reqid between its ends, since the SPIs are charon's. */
  readonly outbound: (peer: Peer) => readonly ObservedAssociation[];
  readonly inbound: (peer: Peer) => readonly ObservedAssociation[];
}

/** Sorts what the kernel has. */
export function knowAssociations(
  associations: readonly ObservedAssociation[],
): KnownAssociations {
  const bySpi = new Map(
    associations.map((sa) => [nameOf(sa.destination, sa.spi), sa]),
  );
  const byWay = Map.groupBy(
    associations.filter(({ aead }) => aead !== undefined),
    ({ source, destination, reqid }) => wayOf(source, destination, reqid),
  );
  const find: KnownAssociations["find"] = (destination, spi) =>
    bySpi.get(nameOf(destination, spi));
  const along = (
    source: Uint8Array,
    destination: Uint8Array,
    reqid: number,
  ): readonly ObservedAssociation[] =>
    newestLast(byWay.get(wayOf(source, destination, reqid)) ?? []);
  return {
    find,
    outbound: ({ local, remote, reqid, keying, spisOut }) =>
      keying === "ike"
        ? along(local, remote, reqid)
        : newestLast(spisOut.flatMap((spi) => find(remote, spi) ?? [])),
    inbound: ({ local, remote, reqid, keying, accepted }) =>
      keying === "ike"
        ? along(remote, local, reqid)
        : accepted
            .flatMap(({ spis }) => spis)
            .flatMap((spi) => find(local, spi) ?? []),
  };
}

function newestLast(
  found: readonly ObservedAssociation[],
): ObservedAssociation[] {
  return found.toSorted((a, b) =>
    Number(a.current.addTimeSeconds - b.current.addTimeSeconds),
  );
}

function nameOf(destination: Uint8Array, spi: number): string {
  return `${formatAddress(destination)} ${String(spi)}`;
}

function wayOf(
  source: Uint8Array,
  destination: Uint8Array,
  reqid: number,
): string {
  return `${formatAddress(source)} ${formatAddress(destination)} ${String(reqid)}`;
}
