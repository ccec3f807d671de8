import { type ObservedAssociation, sameBytes } from "../../native/index.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import { associationIdentity } from "../reconcile/identity.ts";
import { connectionName } from "./charon/connection.ts";
import type { ListedChild, ListedIke } from "./charon/listed.ts";

/** A tunnel's SAs in the kernel, by who made them. */
export interface TunnelAssociations {
  readonly tunnel: IkeTunnel;
  /** By derived keys: from before the tunnel was one by IKE, or because it no longer is. */
  readonly derived: readonly ObservedAssociation[];
  /** All others: charon's, or its predecessor's. */
  readonly negotiated: readonly ObservedAssociation[];
  /** Whether the kernel has asked for one: it asks once, and a charon that was not there then hears nothing of it for minutes. */
  readonly isAskedFor: boolean;
  /** What charon last said of it. */
  readonly children: readonly ListedChild[];
}

/**
 * Sorts the kernel's SAs by tunnel. What the kernel has asked charon for has no key yet, and is never deleted.
 *
 * @param derived identities of the SAs that derived keys would give
 * @param listed what charon last said
 */
export function sortAssociations(
  tunnels: readonly IkeTunnel[],
  associations: readonly ObservedAssociation[],
  derived: ReadonlySet<string>,
  listed: readonly ListedIke[],
): TunnelAssociations[] {
  const byReqid = Map.groupBy(associations, ({ reqid }) => reqid);
  const byName = Map.groupBy(listed, ({ connection }) => connection);
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
      children: (byName.get(connectionName(tunnel)) ?? []).flatMap(
        ({ children }) => children,
      ),
    };
  });
}

/** Whether a tunnel's SA is for what this node sends. */
export function isOutbound(
  { destination }: ObservedAssociation,
  { local }: Pick<IkeTunnel, "local">,
): boolean {
  return !sameBytes(destination, local);
}
