import type {
  ObservedAssociation,
  ObservedPolicy,
  PolicyId,
  SecurityPolicy,
} from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import type { RemotePolicies } from "../mesh/ipsec/policies.ts";
import type { TunnelSeries } from "../mesh/ipsec/series.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import { policyIdentity } from "../reconcile/identity.ts";

/** In what a mesh differs from the one before it, as far as xfrm goes. */
export interface MeshDifference {
  readonly policies: Both<SecurityPolicy>;
  readonly series: Both<TunnelSeries>;
}

/** What one mesh has and the other has not. */
interface Both<Item> {
  readonly gone: readonly Item[];
  readonly fresh: readonly Item[];
}

/** More than so many, and than that share of all, is not asked for one by one: to list all is then no slower. */
const FEW = 2000;
const SHARE = 1 / 4;

/**
 * What came and what went, by identity: a mesh takes over from the one before what has not changed (`../mesh/memory.ts`).
 *
 * @returns undefined where it is much, or where more than policies and SAs of derived keys may differ
 */
export function differenceOf(
  before: DesiredMesh,
  after: DesiredMesh,
): MeshDifference | undefined {
  const isAlike =
    before.role === after.role &&
    before.ike.length + after.ike.length === 0 &&
    before.retiring.length + after.retiring.length === 0 &&
    sameSecrets(before.secrets, after.secrets);
  if (!isAlike) return undefined;
  const blocking = compare(before.blocking, after.blocking);
  const protecting = compare(before.protecting, after.protecting);
  const series = compare(before.series, after.series);
  const all =
    after.blocking.length + after.protecting.length + after.series.length;
  const isMuch = sizeOf(blocking, protecting, series) > all * SHARE;
  const policies = policiesOf(blocking, protecting);
  if (isMuch && sizeOf(policies, series) > FEW) return undefined;
  return { policies, series };
}

function sizeOf(...differences: readonly Both<unknown>[]): number {
  return differences.reduce(
    (sum, { gone, fresh }) => sum + gone.length + fresh.length,
    0,
  );
}

/** Those of a remote CIDR are made where it came or went alone. */
function policiesOf(
  blocking: Both<SecurityPolicy>,
  protecting: Both<RemotePolicies>,
): Both<SecurityPolicy> {
  const all = (side: "gone" | "fresh"): SecurityPolicy[] => [
    ...blocking[side],
    ...protecting[side].flatMap(({ policies }) => policies),
  ];
  return { gone: all("gone"), fresh: all("fresh") };
}

function sameSecrets(
  before: DesiredMesh["secrets"],
  after: DesiredMesh["secrets"],
): boolean {
  return (
    before.size === after.size &&
    [...before].every(([id, name]) => after.get(id) === name)
  );
}

/**
 * Both lists are in one order. A change that puts nothing in and takes nothing out leaves all else in its place; where one does, most
 * is the same at both ends. Only what is left of both is sorted out.
 */
function compare<Item>(
  before: readonly Item[],
  after: readonly Item[],
): Both<Item> {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < shorter - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail += 1;
  const others = (list: readonly Item[], other: readonly Item[]): Item[] =>
    list
      .slice(head, list.length - tail)
      .filter((item, place) => item !== other[head + place]);
  const [was, is] = [others(before, after), others(after, before)];
  const [old, now] = [new Set(was), new Set(is)];
  return {
    gone: was.filter((item) => !now.has(item)),
    fresh: is.filter((item) => !old.has(item)),
  };
}

/** What a kernel holds where something is to change: everything else of it is taken for right. */
export interface ChangedPlaces {
  readonly policies: readonly ObservedPolicy[];
  readonly associations: readonly ObservedAssociation[];
}

/** Asks for each place by itself: at most some thousands. */
export function observeChanged(
  { xfrm }: Pick<Session, "xfrm">,
  { policies, series }: MeshDifference,
): ChangedPlaces {
  const asked: PolicyId[] = [...policies.gone, ...policies.fresh];
  const places = new Map(asked.map((id) => [policyIdentity(id), id]));
  return {
    policies: [...places.values()].flatMap((id) => xfrm.getPolicy(id) ?? []),
    associations: associationsAt(xfrm, [...series.gone, ...series.fresh]),
  };
}

function associationsAt(
  xfrm: Session["xfrm"],
  series: readonly TunnelSeries[],
): ObservedAssociation[] {
  const found = new Map<string, ObservedAssociation>();
  for (const one of series.flatMap(({ outbound, inbound }) => [
    outbound,
    ...inbound,
  ])) {
    const { destination } = one;
    for (const spi of one.spis) {
      const name = `${String(spi)} ${destination.join()}`;
      if (found.has(name)) continue;
      const association = xfrm.getAssociation({ destination, spi });
      if (association !== undefined) found.set(name, association);
    }
  }
  return [...found.values()];
}
