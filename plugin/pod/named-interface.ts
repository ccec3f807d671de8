import type { Request } from "../../cni/request.ts";
import {
  ignoring,
  type InterfaceAddress,
  type Link,
  type RouteClient,
} from "../../native/index.ts";

/** A veth on this host, and the addresses of its other end. */
interface Pair {
  readonly link: Link;
  readonly addresses: readonly InterfaceAddress[];
}

/**
 * Finds the pod's interface without entering the pod's namespace, which needs CAP_SYS_ADMIN: prevResult says which devices
 * to look at, and the kernel which of them is a veth whose peer is in that namespace and has addresses that bear
 * CNI_IFNAME as their label. IPv6 addresses have no label: where there are no others, it must be the only such veth.
 *
 * @returns undefined where that is none, or not certain
 */
export function namedInterface(
  route: RouteClient,
  { prevResult, ifname }: Request,
  netns: number,
): Pair | undefined {
  const veths = (prevResult?.interfaces ?? [])
    .filter(({ sandbox }) => !sandbox)
    .map(({ name }) => route.link(name))
    .filter((link) => link?.kind === "veth");
  // Asked after the links: their looking gives the namespace its number.
  const netnsId = ignoring(["EINVAL"], () => route.namespaceId(netns));
  if (netnsId === undefined) return undefined;
  const pairs = veths
    .filter((link) => link !== undefined)
    .filter((link) => link.peerNetnsId === netnsId)
    .map((link) => pairOf(route, link, netnsId))
    .filter(({ addresses }) => mayBe(ifname, addresses));
  return pairs.length === 1 ? pairs[0] : undefined;
}

function pairOf(route: RouteClient, link: Link, netnsId: number): Pair {
  const index = link.peerIndex ?? 0;
  return { link, addresses: route.addressesOf({ index, netnsId }) };
}

function mayBe(ifname: string, addresses: readonly InterfaceAddress[]) {
  const labels = addresses.flatMap(({ label }) => label ?? []);
  return labels.every((label) => label.split(":")[0] === ifname);
}
