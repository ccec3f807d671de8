import { firstAddress } from "../../ip/cidr.ts";
import {
  formatAddress,
  formatPrefix,
  type Link,
  type Route,
  sameBytes,
} from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import type { RemoteRoute } from "../mesh/state.ts";
import { ownsRoute } from "../owned.ts";
import type { LinkedNode } from "./linked.ts";

/**
 * Remote networks that packets have no usable way to, as the kernel's own look-ups say: no route to the peer's address, a device
 * that is down, or, to a plain network, a way that is not its router's. One sentence each.
 */
export function missingWays(session: Session, { mesh }: LinkedNode): string[] {
  const ends = new Map<string, RemoteRoute>();
  for (const remote of mesh.routes) {
    const key = `${remote.cluster} ${formatAddress(remote.via)}`;
    if (!ends.has(key)) ends.set(key, remote);
  }
  const vias = [...ends.values()];
  const found = session.route.getRoutes(vias.map(({ via }) => via));
  const linkOf = rememberedLinks(session);
  const toPeers = vias.flatMap((remote, index) =>
    noWay(remote, { found: found[index], linkOf }),
  );
  const lost = new Set(toPeers.map(({ via }) => via));
  const beside = mesh.routes
    .filter(
      ({ kind, via }) => kind === "plain" && !lost.has(formatAddress(via)),
    )
    .flatMap((remote) => besideRouter(session, remote));
  return [...toPeers.map(({ sentence }) => sentence), ...beside];
}

/** Asks for each device once: thousands of ways lead over one. */
function rememberedLinks({
  route,
}: Session): (index: number) => Link | undefined {
  const known = new Map<number, Link | undefined>();
  return (index) => {
    if (!known.has(index)) known.set(index, route.link(index));
    return known.get(index);
  };
}

interface Way {
  /** What the kernel's look-up of the way gave. */
  readonly found: Route | undefined;
  readonly linkOf: (index: number) => Link | undefined;
}

function noWay(
  { via, cluster, kind, destination }: RemoteRoute,
  { found, linkOf }: Way,
): { readonly via: string; readonly sentence: string }[] {
  const address = formatAddress(via);
  const what =
    kind === "plain"
      ? `the router ${address} of "${cluster}"`
      : `${address}, a node's that leads to "${cluster}"`;
  const device =
    found?.outputInterface === undefined
      ? undefined
      : linkOf(found.outputInterface);
  if (device === undefined)
    return [
      {
        via: address,
        sentence: `No route leads to ${what}, so ${destination.text} cannot be reached: \`ip route get ${address}\` says why`,
      },
    ];
  if (hasCarrier(device.flags)) return [];
  return [
    {
      via: address,
      sentence: `The route to ${what} leads over ${device.name}, which is down or has no carrier, so ${destination.text} cannot be reached`,
    },
  ];
}

/** IFF_UP and IFF_RUNNING, include/uapi/linux/if.h. */
function hasCarrier(flags: number): boolean {
  return (flags & 0x41) === 0x41;
}

/** Only a more special route than the default keeps ours from being set. */
function besideRouter(
  { route }: Session,
  { via, cluster, destination }: RemoteRoute,
): string[] {
  const { bytes } = firstAddress(destination);
  const found = route.getRoute(bytes, { fibMatch: true });
  if (found === undefined || found.destination.length === 0) return [];
  if (ownsRoute(found) || leadsBy(found, via, route.getRoute(via))) return [];
  const device =
    found.outputInterface && route.link(found.outputInterface)?.name;
  return [
    `${destination.text} of "${cluster}" goes over ${device ?? "several devices"} by the route to ${formatPrefix(found.destination)}, not to its router ${formatAddress(via)}: remove that route, or give one of them other addresses`,
  ];
}

/** By the router itself, or by the one that leads to it. */
function leadsBy(
  { gateway, nextHops }: Route,
  router: Uint8Array,
  toRouter: Route | undefined,
): boolean {
  if (nextHops !== undefined) return true;
  return [router, toRouter?.gateway].some(
    (wanted) => wanted && gateway && sameBytes(gateway, wanted),
  );
}
