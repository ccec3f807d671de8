import type { Cidr } from "../../../ip/cidr.ts";
import { distinctCidrs } from "../../../ip/distinct.ts";
import { formatAddress } from "../../../native/index.ts";
import { remembered } from "../../kernel/remembered.ts";
import type { Session } from "../../kernel/session.ts";
import { podDevices } from "../flows.ts";
import type { LinkedNode } from "../linked.ts";
import { outgoingDevices } from "../outgoing.ts";
import { lostEnds } from "./ends.ts";
import type { Packets } from "./fates.ts";
import { lostNetworks, lostPods } from "./networks.ts";
import { firstOfEachKind } from "./repeated.ts";
import { routingTables } from "./tables.ts";
import { targetsOf } from "./targets.ts";

/** How thoroughly the ways are looked at. */
export interface WaysLook {
  /** Whether next hops that do not answer count: for a moment that may be so on any node. */
  readonly withNeighbours?: boolean;
}

/**
 * Remote networks that pods' packets have no usable way to, as the kernel's rules, routes, devices and neighbours stand:
 * one sentence a cause, that names the route or rule as `ip` prints it, and says what to do.
 */
export function unusableWays(
  session: Session,
  node: LinkedNode,
  { withNeighbours = false }: WaysLook,
): string[] {
  const { route } = session;
  const targets = targetsOf(node);
  const tables = routingTables(
    route,
    targets.map(({ destination }) => destination),
  );
  const neighbours = withNeighbours ? route.neighbours() : [];
  const links = remembered((index: number) => route.link(index));
  const ends = lostEnds(node.mesh, { route, tables, links, neighbours });
  const reachable = targets.filter(
    ({ router }) => router === undefined || !ends.has(formatAddress(router)),
  );
  const { locals, fromPods, fromRemotes } = sidesOf(session, node);
  return firstOfEachKind([
    ...ends.values(),
    ...lostNetworks(reachable, { route, tables, links, packets: fromPods }),
    ...lostPods(locals, { tables, packets: fromRemotes }),
  ]);
}

/** Who sends, on either side of this node. */
interface Sides {
  readonly locals: readonly Cidr[];
  readonly fromPods: (family: 4 | 6) => Packets;
  readonly fromRemotes: (family: 4 | 6) => Packets;
}

function sidesOf(session: Session, node: LinkedNode): Sides {
  const { mesh } = node;
  const locals = distinctCidrs(mesh.exemptions.map(({ local }) => local));
  const remotes = distinctCidrs(mesh.exemptions.map(({ remote }) => remote));
  const podNames = once(() =>
    locals.flatMap((local) => podDevices(session, local)).map(nameOf),
  );
  const uplinks = once(() =>
    remotes
      .flatMap(outgoingDevices(session, node))
      .map((index) => session.route.link(index)?.name ?? ""),
  );
  const of = (cidrs: readonly Cidr[], family: 4 | 6): Cidr[] =>
    cidrs.filter((cidr) => cidr.family === family);
  return {
    locals,
    fromPods: (family) => ({
      sources: of(locals, family),
      arePassedOn: true,
      comesBy: (device) => (podNames().has(device) ? "part" : "none"),
    }),
    fromRemotes: (family) => ({
      sources: of(remotes, family),
      arePassedOn: true,
      comesBy: (device) => (uplinks().has(device) ? "part" : "none"),
    }),
  };
}

/** Only where a rule names a device somebody has to look for names. */
function once(look: () => readonly string[]): () => ReadonlySet<string> {
  let known: ReadonlySet<string> | undefined;
  return () => (known ??= new Set(look()));
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}
