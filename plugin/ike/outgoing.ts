import {
  type CurrentChange,
  type ObservedAssociation,
  sameBytes,
} from "../../native/index.ts";
import type { TunnelAssociations } from "./associations.ts";

/*
 * Which of a tunnel's outbound SAs the kernel is to use.
 *
 * Of those that serve a template it takes the one that says it is the newest. charon's end that answers a rekeying installs
 * its outbound SA before the other end can have the inbound one (register_outbound() in strongSwan's child_sa.c, which
 * counts on policies that name an SPI): what is sent by it until then is lost, half a round trip at the least. So the SA in
 * use says that it is of tomorrow, and stays in use until charon or we delete it, when both ends have had the next one for
 * long. Its own limits of time count from then on too; the agent asks for new keys (see rekey.ts), and the kernel would
 * a day later.
 */

/** How far from now, in seconds. */
const AHEAD_SECONDS = 86_400;

/** When an SA was made, or came into use, in seconds since 1970, whatever it says. */
export function madeSeconds(
  sa: Pick<ObservedAssociation, "current">,
  nowSeconds: number,
): number {
  const days = daysAhead(sa, nowSeconds);
  const said = Number(sa.current.addTimeSeconds) - days * AHEAD_SECONDS;
  return Math.min(said, nowSeconds); // a clock may have been set back
}

/** What keeps a tunnel's traffic on the SA that it uses now; nothing where something does, or there is none. */
export function keepUsing(
  { tunnel, derived, negotiated }: TunnelAssociations,
  nowSeconds: number,
): CurrentChange[] {
  const outbound = [...derived, ...negotiated].filter((sa) =>
    isOutbound(sa, tunnel),
  );
  if (outbound.some((sa) => daysAhead(sa, nowSeconds) > 0)) return [];
  const [used] = outbound.toSorted(
    (a, b) =>
      Number(b.current.addTimeSeconds) - Number(a.current.addTimeSeconds),
  );
  return used === undefined ? [] : [ahead(used, nowSeconds, 1)];
}

/** What has a tunnel's traffic go over to the SA of derived keys, before charon's. */
export function useDerived(
  { tunnel, derived }: TunnelAssociations,
  nowSeconds: number,
): CurrentChange[] {
  return derived
    .filter((sa) => isOutbound(sa, tunnel) && daysAhead(sa, nowSeconds) < 2)
    .map((sa) => ahead(sa, nowSeconds, 2));
}

function isOutbound(
  sa: ObservedAssociation,
  { remote }: TunnelAssociations["tunnel"],
): boolean {
  return sameBytes(sa.destination, remote);
}

/** An SA lives an hour or so: what is not about a day ahead was made before the clock was set back. */
function daysAhead(
  { current }: Pick<ObservedAssociation, "current">,
  nowSeconds: number,
): number {
  const ahead = Number(current.addTimeSeconds) - nowSeconds;
  return Math.max(0, Math.round(ahead / AHEAD_SECONDS));
}

function ahead(
  { destination, source, spi, mark, current }: ObservedAssociation,
  nowSeconds: number,
  days: number,
): CurrentChange {
  const addTimeSeconds = BigInt(nowSeconds + days * AHEAD_SECONDS);
  return {
    destination,
    source,
    spi,
    ...(mark && { mark }),
    current: { ...current, addTimeSeconds },
  };
}
