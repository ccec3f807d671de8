import {
  IP6_RT_PRIO_USER,
  type IpPrefix,
  type Link,
  type Route,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTN_UNICAST,
} from "../../native/index.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";
import { formatLabel, type LabelledAttachment } from "./label.ts";

/** A pod as the base plugin left it. */
export interface Pod {
  readonly attachment: LabelledAttachment;
  /** The host's end of its interface. */
  readonly link: Link;
  readonly addresses: readonly Uint8Array[];
  /** IPv6 routers that the pod looks for on its link, and that the host is not. */
  readonly absentRouters: readonly Uint8Array[];
}

/** What the host needs for one pod. */
export interface PodState {
  /** By path below /proc/sys. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** One host route an address. */
  readonly routes: readonly Route[];
  /** Addresses that the host answers neighbour solicitations for: proxy_ndp alone answers for none. */
  readonly proxies: readonly Uint8Array[];
  readonly label: string | undefined;
}

/**
 * What a pod needs: a routed veth answers ARP for the whole world and has a host route for each
 * address; a bridge port needs nothing, and a host route past its bridge would cut it off.
 */
export function desiredPod(pod: Pod): PodState {
  if (pod.link.master !== undefined) {
    return { sysctls: new Map(), routes: [], proxies: [], label: undefined };
  }
  return {
    sysctls: new Map(settingsOf(pod).map((path) => [path, "1"])),
    routes: pod.addresses.map((address) => hostRoute(address, pod.link)),
    proxies: pod.absentRouters,
    label: formatLabel(pod.attachment),
  };
}

/**
 * Sysctls of the link: the host answers for whatever the pod looks for there, and passes on what comes from it. That is so
 * by default, unless `net.ipv4.conf.default.forwarding` says otherwise for devices that come.
 */
function settingsOf({ link, addresses }: Pod): string[] {
  const has = (length: number): boolean =>
    addresses.some((address) => address.length === length);
  return [
    ...(has(4)
      ? ["proxy_arp", "forwarding"].map(
          (name) => `net/ipv4/conf/${link.name}/${name}`,
        )
      : []),
    ...(has(16) ? [`net/ipv6/conf/${link.name}/proxy_ndp`] : []),
  ];
}

function hostRoute(address: Uint8Array, link: Link): Route {
  const isIpv4 = address.length === 4;
  return {
    destination: hostPrefix(address),
    table: RT_TABLE_MAIN,
    protocol: ROUTE_PROTOCOL,
    scope: isIpv4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
    type: RTN_UNICAST,
    outputInterface: link.index,
    ...(isIpv4 ? {} : { priority: IP6_RT_PRIO_USER }),
  };
}

/** The prefix that holds just this address. */
function hostPrefix(address: Uint8Array): IpPrefix {
  return { address, length: address.length * 8 };
}
