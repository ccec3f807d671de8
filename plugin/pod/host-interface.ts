import { closeSync, constants, openSync } from "node:fs";
import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Request } from "../../cni/request.ts";
import type { Link } from "../../native/route/link.ts";
import { openRoute, type RouteClient } from "../../native/route/client.ts";
import { type Kernel, using } from "../kernel/kernel.ts";

/**
 * Finds the host's end of the pod's interface, whatever base plugin made it.
 *
 * The peer of CNI_IFNAME in the pod's namespace is certain, so it is asked first; prevResult names
 * it too, but some list further host devices (bridge and flannel list the bridge).
 *
 * @returns undefined where the pod's interface has no end on this host, or nothing is left of it
 */
export function findHostInterface(
  request: Request,
  kernel: Kernel,
  route: RouteClient,
): Link | undefined {
  return (
    fromPrevResult(request, route) ?? fromNamespace(request, kernel, route)
  );
}

/** The same, for ADD and CHECK: an error says why there is none. */
export function requireHostInterface(
  request: Request,
  kernel: Kernel,
  route: RouteClient,
): Link {
  const link = findHostInterface(request, kernel, route);
  if (link !== undefined) return link;
  const details = `prevResult lists ${listInterfaces(request)}, and the peer of "${request.ifname}" in ${request.netns} is not a device of this host. crosslink works behind plugins that give a pod a veth pair: bridge, ptp, calico, flannel, globalrouter`;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot find the host's end of interface "${request.ifname}"`,
    { details },
  );
}

/** An interface without sandbox that is no bridge; none where several could be it. */
function fromPrevResult(
  request: Request,
  route: RouteClient,
): Link | undefined {
  const candidates = (request.prevResult?.interfaces ?? [])
    .filter(({ sandbox }) => !sandbox)
    .map(({ name }) => route.link(name))
    .filter((link) => link !== undefined)
    .filter(({ kind }) => kind !== "bridge");
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** IFLA_LINK of the pod's interface is its peer's index, in the namespace of the peer. */
function fromNamespace(
  request: Request,
  kernel: Kernel,
  route: RouteClient,
): Link | undefined {
  const inside = insideLink(request, kernel);
  if (inside?.peerIndex === undefined) return undefined;
  const link = route.link(inside.peerIndex);
  // Indexes are per namespace: only a pair that points at each other is one.
  return link?.peerIndex === inside.index ? link : undefined;
}

function insideLink(request: Request, kernel: Kernel): Link | undefined {
  const open = kernel.openNetns ?? openNamespace;
  const netns = open(request.netns);
  if (netns === undefined) return undefined;
  try {
    return using(openRoute(kernel.binding, { netns }), (client) =>
      client.link(request.ifname),
    );
  } finally {
    closeSync(netns);
  }
}

function openNamespace(path: string): number | undefined {
  if (path === "") return undefined;
  try {
    // Whatever the path names: a FIFO would be waited for without end.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return undefined;
    throw error;
  }
}

function listInterfaces(request: Request): string {
  const names = (request.prevResult?.interfaces ?? []).map(
    ({ name, sandbox }) => `"${name}"${sandbox ? " (in the pod)" : ""}`,
  );
  return names.length === 0 ? "no interface" : names.join(", ");
}
