import type { ObservedAssociation } from "../../native/index.ts";
import { associationIdentity } from "../reconcile/identity.ts";
import { isOutbound, type TunnelAssociations } from "./associations.ts";
import type { ListedChild } from "./charon/listed.ts";
import { madeSeconds } from "./outgoing.ts";

/** How long charon may take between an SA in the kernel and its place in the list, in seconds. */
const GRACE_SECONDS = 10;

/** How long the peer may take longer than this node to go over to charon's SAs, in seconds: two looks, and what they take. */
const PEER_SECONDS = 20;

/** How long an SA is missing in charon's lists until it is believed, in seconds: while IKE itself is rekeyed, its children can be in neither of two places of one list. */
const BELIEF_SECONDS = 2;

/**
 * Those of these orphans that were ones some time ago, too.
 *
 * @param suspects since when each is one, by identity, in seconds; what is none any more is forgotten
 */
export function believedOf(
  orphans: readonly ObservedAssociation[],
  suspects: Map<string, number>,
  nowSeconds: number,
): ObservedAssociation[] {
  const names = new Set(orphans.map(associationIdentity));
  for (const name of suspects.keys())
    if (!names.has(name)) suspects.delete(name);
  for (const name of names)
    if (!suspects.has(name)) suspects.set(name, nowSeconds);
  return orphans.filter((sa) => {
    const since = suspects.get(associationIdentity(sa)) ?? nowSeconds;
    return nowSeconds - since >= BELIEF_SECONDS;
  });
}

/** SAs that nobody speaks for: charon does not list them, so it would neither rekey nor delete them, and the peer may have dropped its side long ago. */
export function orphansOf(
  { negotiated }: TunnelAssociations,
  children: readonly ListedChild[],
  nowSeconds: number,
): ObservedAssociation[] {
  const spis = spisOf(children);
  return negotiated.filter(
    (sa) => !spis.has(sa.spi) && ageOf(sa, nowSeconds) >= GRACE_SECONDS,
  );
}

/**
 * SAs of derived keys whose place charon's have taken: outbound ones once charon's have been there both ways for a while,
 * inbound ones once the peer has had time to do the same, and nothing has come by them lately.
 */
export function replacedOf(
  { tunnel, derived, negotiated }: TunnelAssociations,
  children: readonly ListedChild[],
  nowSeconds: number,
): ObservedAssociation[] {
  const spis = spisOf(children);
  const listed = negotiated.filter(({ spi }) => spis.has(spi));
  const isOut = (sa: ObservedAssociation): boolean => isOutbound(sa, tunnel);
  const hasBothFor = (seconds: number): boolean => {
    const old = listed.filter((sa) => ageOf(sa, nowSeconds) >= seconds);
    return old.some(isOut) && old.some((sa) => !isOut(sa));
  };
  return derived.filter((sa) =>
    isOut(sa)
      ? hasBothFor(GRACE_SECONDS)
      : hasBothFor(PEER_SECONDS) && isIdle(sa, nowSeconds),
  );
}

function spisOf(children: readonly ListedChild[]): Set<number | undefined> {
  return new Set(children.flatMap(({ spiIn, spiOut }) => [spiIn, spiOut]));
}

function ageOf(sa: ObservedAssociation, nowSeconds: number): number {
  return nowSeconds - madeSeconds(sa, nowSeconds);
}

function isIdle(
  { lastUsedSeconds }: ObservedAssociation,
  nowSeconds: number,
): boolean {
  return nowSeconds - Number(lastUsedSeconds ?? 0n) >= GRACE_SECONDS;
}
