import {
  type Cidr,
  cidrContains,
  cidrOf,
  cidrOverlaps,
} from "../../../ip/cidr.ts";
import {
  LWTUNNEL_ENCAP_BPF,
  LWTUNNEL_ENCAP_ILA,
  LWTUNNEL_ENCAP_IOAM6,
  LWTUNNEL_ENCAP_RPL,
  LWTUNNEL_ENCAP_SEG6,
  LWTUNNEL_ENCAP_SEG6_LOCAL,
  type Route,
} from "../../../native/index.ts";
import type { Bypass, BypassFacts } from "../bypass.ts";
import { few } from "../devices.ts";

/**
 * Those that take a packet as soon as it is routed (lwtunnel_input() in net/core/lwtunnel.c), and send on another one: neither
 * xfrm nor a hook behind routing sees what is in it. What MPLS and tunnel devices wrap has passed both by then.
 */
const TAKING: ReadonlyMap<number, string> = new Map([
  [LWTUNNEL_ENCAP_ILA, "ila"],
  [LWTUNNEL_ENCAP_SEG6, "seg6"],
  [LWTUNNEL_ENCAP_BPF, "bpf"],
  [LWTUNNEL_ENCAP_RPL, "rpl"],
  [LWTUNNEL_ENCAP_IOAM6, "ioam6"],
]);

/** Routes of any table that wrap by themselves what is for a remote CIDR, and those that unwrap what may pose as one's. */
export function wrappingRoutes({ routes, remotes }: BypassFacts): Bypass[] {
  return routes.flatMap((route): Bypass[] => {
    const types = encapsulationsOf(route);
    if (types.includes(LWTUNNEL_ENCAP_SEG6_LOCAL)) return [unwrapping(route)];
    const [word] = types.flatMap((type) => TAKING.get(type) ?? []);
    if (word === undefined) return [];
    const taken = remotes.filter((remote) => takes(route, remote, routes));
    return taken.length === 0 ? [] : [wrapping(route, word, taken)];
  });
}

function encapsulationsOf({ encapsulation, nextHops = [] }: Route): number[] {
  return [encapsulation, ...nextHops.map((hop) => hop.encapsulation)].filter(
    (type) => type !== undefined,
  );
}

/** Whether a packet for some of the CIDR may take it: no narrower route of its table has all of that. */
function takes(route: Route, remote: Cidr, routes: readonly Route[]): boolean {
  const own = networkOf(route);
  if (!cidrOverlaps(own, remote)) return false;
  const common = own.prefix > remote.prefix ? own : remote;
  return !routes.some(
    (other) =>
      other.table === route.table &&
      other.destination.length > own.prefix &&
      cidrContains(networkOf(other), common),
  );
}

function networkOf({ destination }: Route): Cidr {
  return cidrOf(destination.address, destination.length);
}

function wrapping(route: Route, word: string, taken: readonly Cidr[]): Bypass {
  return {
    kind: "route",
    severity: "open",
    sentence: `${nameOf(route)} (encap ${word}) wraps what goes to ${few(taken.map(({ text }) => text))} in clear text, past xfrm and netfilter: remove it with \`${removal(route)}\``,
  };
}

function unwrapping(route: Route): Bypass {
  return {
    kind: "route",
    severity: "weak",
    sentence: `${nameOf(route)} (encap seg6local) unwraps packets behind crosslink's rules, where xfrm's policies alone keep out what poses as a remote pod's: remove it with \`${removal(route)}\``,
  };
}

function nameOf({ destination, table }: Route): string {
  const { text } = cidrOf(destination.address, destination.length);
  return `The route ${text} of table ${String(table)}`;
}

function removal({ destination, table }: Route): string {
  const { text, family } = cidrOf(destination.address, destination.length);
  const ip = family === 4 ? "ip" : "ip -6";
  return `${ip} route del ${text} table ${String(table)}`;
}
