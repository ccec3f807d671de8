import type { CurrentChange, ObservedAssociation } from "../../native/index.ts";
import { isOutbound, type TunnelAssociations } from "./associations.ts";

/*
 * Which of a tunnel's outbound SAs the kernel is to use.
 *
 * Of those that serve a template it takes the one that says it is the newest. charon's end that answers a rekeying installs
 * its outbound SA before the other end can have the inbound one (register_outbound() in strongSwan's child_sa.c, which
 * counts on policies that name an SPI): what is sent by it until then is lost, half a round trip at the least. So the SA in
 * use says that it is of tomorrow, and stays in use until the next one is some seconds old, when both ends have it; no
 * longer, since of two pairs the other end may have given up the older one. Its own limits of time count from tomorrow
 * then, too; the agent asks for new keys (see rekey.ts).
 */

/** How far from now, in seconds. */
const AHEAD_SECONDS = 86_400;

/** charon's live an hour or so; those of derived keys that are older than this, in seconds, are not told apart. */
const OLD_SECONDS = 21_600;

/** When an SA was made, in seconds since 1970, whatever it says. */
export function madeSeconds(
  sa: Pick<ObservedAssociation, "current">,
  nowSeconds: number,
): number {
  const days = daysAhead(sa, nowSeconds);
  const said = Number(sa.current.addTimeSeconds) - days * AHEAD_SECONDS;
  return Math.min(said, nowSeconds); // a clock may have been set back
}

/** How long the other end may take to have an SA that this one has, in seconds. */
export const SETTLE_SECONDS = 3;

/**
 * What has a tunnel's traffic on the SA that both ends are sure to have: charon's newest one that is not too new; nothing
 * where it is, or there is none.
 *
 * @param before what serves until there is such a one
 */
export function keepUsing(
  { tunnel, derived, negotiated }: TunnelAssociations,
  nowSeconds: number,
  before: "derived" | "negotiated" = "derived",
): CurrentChange[] {
  const newest = (list: readonly ObservedAssociation[]) =>
    list
      .filter((sa) => isOutbound(sa, tunnel))
      .toSorted(
        (a, b) => madeSeconds(b, nowSeconds) - madeSeconds(a, nowSeconds),
      );
  const byIke = newest(negotiated);
  const byKeyring = newest(derived);
  const until = [byKeyring[0], byIke.at(-1)];
  if (before === "negotiated") until.reverse();
  const [used] = [
    byIke.find((sa) => isSettled(sa, nowSeconds)),
    ...until,
  ].filter((sa) => sa !== undefined);
  if (used === undefined) return [];
  const others = [...byIke, ...byKeyring].filter((sa) => sa !== used);
  return isFirst(used, others, nowSeconds)
    ? []
    : [ahead(used, others, nowSeconds)];
}

/** Whether an SA of charon's is one that the other end may not have yet. */
export function isUnsettled(
  { negotiated }: TunnelAssociations,
  nowSeconds: number,
): boolean {
  return negotiated.some((sa) => !isSettled(sa, nowSeconds));
}

function isSettled(sa: ObservedAssociation, nowSeconds: number): boolean {
  return nowSeconds - madeSeconds(sa, nowSeconds) >= SETTLE_SECONDS;
}

/** Before those that are there, and before what comes. */
function isFirst(
  sa: ObservedAssociation,
  others: readonly ObservedAssociation[],
  nowSeconds: number,
): boolean {
  const { addTimeSeconds } = sa.current;
  return (
    daysAhead(sa, nowSeconds) > 0 &&
    others.every(({ current }) => current.addTimeSeconds < addTimeSeconds)
  );
}

/** What has a tunnel's traffic go over to the SA of derived keys, before charon's. */
export function useDerived(
  { tunnel, derived }: TunnelAssociations,
  nowSeconds: number,
): CurrentChange[] {
  return derived
    .filter((sa) => isOutbound(sa, tunnel) && daysAhead(sa, nowSeconds) < 2)
    .map((sa) => changeTo(sa, nowSeconds + 2 * AHEAD_SECONDS));
}

/** An SA lives an hour or so: what is not about a day ahead was made before the clock was set back. */
function daysAhead(
  { current }: Pick<ObservedAssociation, "current">,
  nowSeconds: number,
): number {
  const ahead = Number(current.addTimeSeconds) - nowSeconds;
  return Math.max(0, Math.round(ahead / AHEAD_SECONDS));
}

/** By whole days, so that it can be told when it was made. */
function ahead(
  sa: ObservedAssociation,
  others: readonly ObservedAssociation[],
  nowSeconds: number,
): CurrentChange {
  const made = Math.max(madeSeconds(sa, nowSeconds), nowSeconds - OLD_SECONDS);
  const times = others.map(({ current }) => Number(current.addTimeSeconds));
  const past = Math.max(0, ...times.map((time) => time - made));
  const days = 1 + Math.floor(past / AHEAD_SECONDS);
  return changeTo(sa, made + days * AHEAD_SECONDS);
}

function changeTo(
  { destination, source, spi, mark, current }: ObservedAssociation,
  addTimeSeconds: number,
): CurrentChange {
  return {
    destination,
    source,
    spi,
    ...(mark && { mark }),
    current: { ...current, addTimeSeconds: BigInt(addTimeSeconds) },
  };
}
