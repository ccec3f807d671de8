import { formatAddress, type ObservedAssociation } from "../../native/index.ts";
import { associationIdentity } from "../reconcile/identity.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import type { ListedChild } from "./charon/listed.ts";

/** A tunnel's SAs in the kernel, by who made them. */
export interface TunnelAssociations {
  readonly tunnel: IkeTunnel;
  /** By derived keys, from before the tunnel was one by IKE. */
  readonly derived: readonly ObservedAssociation[];
  /** All others: charon's, or its predecessor's. */
  readonly negotiated: readonly ObservedAssociation[];
  /** Whether the kernel has asked for one: it asks once, and a charon that was not there then hears nothing of it for minutes. */
  readonly isAskedFor: boolean;
}

/** How long charon may take between an SA in the kernel and its place in the list, in seconds. */
const GRACE_SECONDS = 10;

/**
 * Sorts the kernel's SAs by tunnel. What the kernel has asked charon for has no key yet, and is never deleted.
 *
 * @param derived identities of the SAs that derived keys would give
 */
export function sortAssociations(
  tunnels: readonly IkeTunnel[],
  associations: readonly ObservedAssociation[],
  derived: ReadonlySet<string>,
): TunnelAssociations[] {
  const byReqid = Map.groupBy(associations, ({ reqid }) => reqid);
  return tunnels.map((tunnel) => {
    const found = byReqid.get(tunnel.reqid) ?? [];
    const all = found.filter(({ aead }) => aead !== undefined);
    const isDerived = (sa: ObservedAssociation): boolean =>
      derived.has(associationIdentity(sa));
    return {
      tunnel,
      derived: all.filter(isDerived),
      negotiated: all.filter((sa) => !isDerived(sa)),
      isAskedFor: found.some(
        ({ aead, spi }) => aead === undefined && spi === 0,
      ),
    };
  });
}

/**
 * SAs that nobody speaks for: charon does not list them, so it would neither rekey nor delete them, and the peer may have
 * dropped its side long ago. And those of derived keys, once charon's have taken their place for a while.
 */
export function orphansOf(
  { tunnel, derived, negotiated }: TunnelAssociations,
  children: readonly ListedChild[],
  nowSeconds: number,
): ObservedAssociation[] {
  const isOld = ({ current }: ObservedAssociation): boolean =>
    nowSeconds - Number(current.addTimeSeconds) >= GRACE_SECONDS;
  const spis = new Set(
    children.flatMap(({ spiIn, spiOut }) => [spiIn, spiOut]),
  );
  const listed = negotiated.filter(({ spi }) => spis.has(spi));
  const orphans = negotiated.filter((sa) => !spis.has(sa.spi) && isOld(sa));
  return isReplaced(tunnel, listed.filter(isOld))
    ? [...orphans, ...derived]
    : orphans;
}

function isReplaced(
  { remote }: IkeTunnel,
  listed: readonly ObservedAssociation[],
): boolean {
  const peer = formatAddress(remote);
  return (
    listed.some(({ destination }) => formatAddress(destination) === peer) &&
    listed.some(({ source }) => formatAddress(source) === peer)
  );
}
