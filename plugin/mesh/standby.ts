import { sameBytes } from "../../native/index.ts";
import { legsOf } from "./legs.ts";
import { type Member, memberOf, podsOf } from "./members.ts";
import type { MeshMemory } from "./memory.ts";
import type { Tunnel } from "./tunnels.ts";
import type { View } from "./view.ts";

/**
 * The tunnels that this node would have if another of the declared gateways were in use, of its own cluster or of a far one: a list
 * for each cluster, those within its own last. Their SAs stand beforehand, so that a move changes policies and nothing else, whichever
 * node hears of it first. Nothing passes by them: no policy's template names their far ends.
 *
 * @param legs those in use
 */
export function standbyTunnels(
  view: View,
  legs: readonly Tunnel[],
  memory: MeshMemory,
): (readonly Tunnel[])[] {
  const carrier = carrierOf(view, memory);
  const far =
    carrier === undefined
      ? []
      : farMembers(view, memory).map((list) =>
          memory.tunnelsWith(list, carrier),
        );
  // With the files of such a mesh the node would be refused; see checkMesh().
  return [...far, standbyLegs(view, { carrier, legs })].filter(
    (list) => !list.some(({ remote, local }) => sameBytes(remote, local)),
  );
}

/** This node as an end of tunnels with other clusters: as it is, or would be as the gateway in use. None on other leaves. */
function carrierOf(
  { role, self: { source, node }, own }: View,
  { networksOf, standbysOf }: MeshMemory,
): Member | undefined {
  return role === "leaf"
    ? standbysOf(source, networksOf(source)).find((one) => one.node === node)
    : own;
}

/** Of each other cluster who would end tunnels with that, and does not. */
function farMembers(
  { role, encrypted }: View,
  { networksOf, membersOf, standbysOf }: MeshMemory,
): (readonly Member[])[] {
  return encrypted.flatMap(({ source }) => {
    const networks = networksOf(source);
    const standbys = standbysOf(source, networks);
    return role === "leaf"
      ? [membersOf(source, networks), standbys]
      : [standbys];
  });
}

/** A leg is the same tunnel whichever of its ends is the gateway. */
function standbyLegs(
  { role, self, gateway, encrypted }: View,
  {
    carrier,
    legs,
  }: { readonly carrier: Member | undefined; readonly legs: readonly Tunnel[] },
): Tunnel[] {
  if (gateway === undefined || encrypted.length === 0) return [];
  const { source, node } = self;
  const others = source.cluster.nodes.filter((one) => one !== node);
  const memberFor = (one: typeof node): Member =>
    memberOf(source, one, { pods: podsOf(source, one) });
  const asLeaf = legsOf({
    role: "leaf",
    own: memberFor(node),
    companions: others.filter((one) => one.gateway).map(memberFor),
    encrypted,
  });
  const asGateway =
    role === "leaf" && carrier !== undefined
      ? legsOf({
          role: "tunnel",
          own: carrier,
          companions: others.map(memberFor),
          encrypted,
        })
      : [];
  const inUse = new Set(legs.map(nameOf));
  const byName = new Map(
    [...asLeaf, ...asGateway].map((leg) => [nameOf(leg), leg]),
  );
  return [...byName.values()].filter((leg) => !inUse.has(nameOf(leg)));
}

function nameOf({ family, ends }: Tunnel): string {
  return `${String(family)} ${ends.peer.bound}`;
}
