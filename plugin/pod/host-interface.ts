import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Request } from "../../cni/request.ts";
import {
  type InterfaceAddress,
  type Link,
  NetlinkError,
  openRoute,
  type RouteClient,
} from "../../native/index.ts";
import { type Kernel, using } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import { namedInterface } from "./named-interface.ts";
import { kindOfFile, kindOfPath, withPodNamespace } from "./namespace.ts";

/** CNI_IFNAME in CNI_NETNS as the kernel has it: prevResult may be incomplete, or wrong. */
export interface PodInterface {
  /** The host's end of its veth pair. */
  readonly link: Link;
  /** Of the pod's end. */
  readonly addresses: readonly InterfaceAddress[];
}

/** Why a pod's interface has no end on this host: the kernel's answer, for an admin. */
interface NoEnd {
  readonly reason: string;
  /** What to do, where that is not to have another plugin before this one. */
  readonly remedy?: string;
}

const OTHER_PLUGIN =
  "crosslink works behind plugins that give a pod a veth pair with one end on the node: bridge, ptp, calico, flannel, globalrouter. Put it behind one of these, or take it out of this network's conflist";

const NO_NAMESPACE =
  "CNI_NETNS is what the runtime calls with: the pod may be gone by now, so look at the runtime's log; by hand: a path such as /run/netns/NAME, after `ip netns add NAME`";

/**
 * Finds a pod's interface and its end on this host, whatever base plugin made it. Names and positions in prevResult count
 * for nothing, and a bare index is another device's in another namespace: a pair is two ends of which the kernel says that
 * each is the other's.
 *
 * @returns undefined where the interface has no end on this host, or nothing is left of it
 * @throws NetlinkError EPERM without CAP_SYS_ADMIN, unless prevResult helps: {@link namedInterface}
 */
export function findPodInterface(
  session: Session,
  request: Request,
): PodInterface | undefined {
  const found = askKernel(session, request);
  return "reason" in found ? undefined : found;
}

/** The same, for ADD and CHECK. @throws CniError 7 that says why there is none */
export function requirePodInterface(
  session: Session,
  request: Request,
): PodInterface {
  const found = askKernel(session, request);
  if (!("reason" in found)) return found;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot find the host's end of interface "${request.ifname}": ${found.reason}`,
    { details: found.remedy ?? OTHER_PLUGIN },
  );
}

function askKernel(session: Session, request: Request): PodInterface | NoEnd {
  const { kernel, route } = session;
  const { netns: path } = request;
  const answer = withPodNamespace(kernel, path, (netns) => {
    try {
      return fromInside(kernel, request, netns, route);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (error.code === "EINVAL")
        return {
          reason: `${shown(path)} is no network namespace, but ${kindOfFile(netns)}`,
          remedy: NO_NAMESPACE,
        };
      const named =
        error.code === "EPERM"
          ? namedInterface(route, request, netns)
          : undefined;
      if (named !== undefined) return named;
      throw error;
    }
  });
  return answer ?? { reason: nothingAt(path), remedy: NO_NAMESPACE };
}

function nothingAt(path: string): string {
  if (path === "") return "CNI_NETNS is empty";
  const kind = kindOfPath(path);
  return kind === undefined
    ? `there is no ${shown(path)}`
    : `${shown(path)} is no network namespace, but ${kind}`;
}

/** A caller's text: without control characters, and no longer than a path that somebody means. */
function shown(path: string): string {
  const text = JSON.stringify(path).slice(1, -1);
  return text.length <= LONGEST_PATH ? text : `${text.slice(0, LONGEST_PATH)}…`;
}

const LONGEST_PATH = 200;

/** Asks the pod's namespace for the interface, then this one for its peer. */
function fromInside(
  kernel: Kernel,
  { ifname, netns: path }: Request,
  netns: number,
  route: RouteClient,
): PodInterface | NoEnd {
  return using(openRoute(kernel.binding, { netns }), (pod) => {
    const inside = pod.link(ifname);
    const what = `"${ifname}" in ${path}`;
    if (inside === undefined) return { reason: `there is no ${what}` };
    if (inside.kind !== "veth")
      return {
        reason: `${what} is ${inside.kind === undefined ? "a hardware device" : `of kind ${inside.kind}`}, which has no such end`,
      };
    const link = peerOf(inside, netns, route);
    if (link === undefined)
      return {
        reason: `the peer of ${what} is no device of this node, but of another network namespace`,
      };
    return { link, addresses: pod.addressesOf({ index: inside.index }) };
  });
}

/**
 * The device here that has `inside` for its peer. A veth's IFLA_LINK and IFLA_LINK_NETNSID are its peer's index and
 * namespace; stacked devices (macvlan, VLAN) say by the same attributes what they stand on, so the kind counts too.
 */
function peerOf(
  inside: Link,
  netns: number,
  route: RouteClient,
): Link | undefined {
  const link = inside.peerIndex && route.link(inside.peerIndex);
  if (!link || link.kind !== "veth" || link.peerIndex !== inside.index)
    return undefined;
  // Asked last: a namespace has no number before a link was looked at whose peer is there.
  const isThere =
    link.peerNetnsId !== undefined &&
    link.peerNetnsId === route.namespaceId(netns);
  return isThere ? link : undefined;
}
