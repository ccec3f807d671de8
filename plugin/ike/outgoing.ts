import type { CurrentChange, ObservedAssociation } from "../../native/index.ts";
import { isOutbound, type TunnelAssociations } from "./associations.ts";

/*
 * Which of a tunnel's outbound SAs the kernel is to use.
 *
 * Of those that serve a template it takes the one that says it is the newest. charon's end that answers a rekeying installs
 * its outbound SA before the other end can have the inbound one (register_outbound() in strongSwan's child_sa.c, which
 * counts on policies that name an SPI): what is sent by it until then is lost, half a round trip at the least, and seconds
 * where the other end is slow or its answer is lost. So the SA in use says that it is of tomorrow, and stays in use until
 * the other end, which has the next one by then, has it deleted; or where nobody is to delete it, until the next one is some
 * seconds old, since of two pairs the other end may have given up the older one. So do all others that both ends have: of
 * two pairs that are rekeyed one goes first, and what was sent by it is not to go over to one that this end alone has. Their
 * own limits of time count from tomorrow then, too; the agent asks for new keys (see rekey.ts).
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

/** The same while it is to delete the one before, or charon has not told of the new one: charon asks for about as long. */
const PATIENCE_SECONDS = 60;

/**
 * What has a tunnel's traffic on the SA that both ends are sure to have: charon's newest one that is not too new, and where
 * that goes the one before; nothing where it is, or there is none.
 *
 * @param before what serves until there is such a one
 */
export function keepUsing(
  associations: TunnelAssociations,
  nowSeconds: number,
  before: "derived" | "negotiated" = "derived",
): CurrentChange[] {
  const { tunnel, derived, negotiated } = associations;
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
  const settled = byIke.filter((sa) => isSettled(sa, associations, nowSeconds));
  const [used] = [...settled, ...until].filter((sa) => sa !== undefined);
  if (used === undefined) return [];
  const spare = settled.filter((sa) => sa !== used);
  const held = spare
    .filter((sa) => daysAhead(sa, nowSeconds) === 0)
    .map((sa) => ahead(sa, [], nowSeconds));
  const others = [...byIke, ...byKeyring, ...held].filter((sa) => sa !== used);
  return isFirst(used, others, nowSeconds)
    ? held
    : [ahead(used, others, nowSeconds), ...held];
}

/** Whether one of charon's is one that the other end may not have yet. */
export function isUnsettled(
  associations: TunnelAssociations,
  nowSeconds: number,
): boolean {
  const { negotiated, tunnel } = associations;
  return negotiated.some(
    (sa) => isOutbound(sa, tunnel) && !isSettled(sa, associations, nowSeconds),
  );
}

function isSettled(
  { spi, ...sa }: ObservedAssociation,
  { children }: TunnelAssociations,
  nowSeconds: number,
): boolean {
  const isTold =
    children.some(({ spiOut }) => spiOut === spi) &&
    !children.some(({ state }) => state === "REKEYED");
  const seconds = isTold ? SETTLE_SECONDS : PATIENCE_SECONDS;
  return nowSeconds - madeSeconds(sa, nowSeconds) >= seconds;
}

/** Before those that are there, and before what comes. */
function isFirst(
  sa: ObservedAssociation,
  others: readonly CurrentChange[],
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
  others: readonly CurrentChange[],
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
