import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Request } from "../../cni/request.ts";
import { addressInCidr } from "../../ip/cidr.ts";
import {
  AF_INET6,
  formatAddress,
  type InterfaceAddress,
  type Link,
  sameBytes,
} from "../../native/index.ts";
import { applyOperations } from "../reconcile/apply.ts";
import type { Log } from "../kernel/log.ts";
import type { LinkedNode } from "../node/linked.ts";
import { deviceNames } from "../reconcile/device-names.ts";
import { describeStep } from "../reconcile/sentence.ts";
import type { Session } from "../kernel/session.ts";
import { podAddresses } from "./addresses.ts";
import { requirePodInterface } from "./host-interface.ts";
import { observePod } from "./observe.ts";
import { planPod, type PodPlan } from "./plan.ts";
import { desiredPod, type Pod } from "./state.ts";

/**
 * The pod that a request is for.
 *
 * @throws CniError 7 where its interface has no end on this host, prevResult gives it none of the addresses that it has,
 *   or an address of it is none of this node's; 11 where it may become one
 */
export function requirePod(
  session: Session,
  request: Request,
  node: LinkedNode,
): Pod {
  const { link, addresses: has } = requirePodInterface(session, request);
  const { own, absent, gateways } = podAddresses(
    request.prevResult ?? NOTHING,
    request.ifname,
    has,
  );
  const [stranger] = own.length === 0 ? absent : [];
  for (const address of stranger ? [stranger] : own)
    requireCovered(address, node);
  if (stranger !== undefined) throw strangeAddress(request, stranger, has);
  return {
    attachment: {
      network: String(request.config["name"]),
      containerID: request.containerId,
      ifname: request.ifname,
    },
    link,
    addresses: own,
    absentRouters: absentRouters(session, gateways, link),
  };
}

const NOTHING = { interfaces: [], ips: [] };

/** Enough to recognize a pod. */
const SHOWN_ADDRESSES = 8;

/** A route to an address that the pod has not would take another pod's packets away from it. */
function strangeAddress(
  { ifname, netns }: Request,
  address: Uint8Array,
  has: readonly InterfaceAddress[],
): CniError {
  const known = has
    .filter((found) => !isLinkLocal(found.address))
    .slice(0, SHOWN_ADDRESSES)
    .map((found) => formatAddress(found.address))
    .join(", ");
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot link pod address ${formatAddress(address)}: "${ifname}" in ${netns} does not have it`,
    {
      details: `prevResult gives it to that interface, which has ${known || "no address"}; the plugin before crosslink in the conflist wrote it: look at its log, and at \`ip -n POD address\`; a pod that was made by hand needs no other address there`,
    },
  );
}

/** A link-local router is the host only where the pod's own link has that address. */
function absentRouters(
  { route }: Session,
  routers: readonly Uint8Array[],
  link: Link,
): Uint8Array[] {
  if (routers.length === 0) return [];
  const present = route.addresses(AF_INET6);
  return routers.filter(
    (router) =>
      !present.some(
        ({ address, index }) =>
          sameBytes(address, router) &&
          (!isLinkLocal(router) || index === link.index),
      ),
  );
}

/** RFC 4291 §2.4: fe80::/10. */
function isLinkLocal([first = 0, second = 0]: Uint8Array): boolean {
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** Compares what a pod needs with what the host holds; changes nothing. */
export function planPodFully(session: Session, pod: Pod): PodPlan {
  const desired = desiredPod(pod);
  return planPod(pod, desired, observePod(session, pod, desired));
}

/**
 * Makes the pod reachable. Needs no lock: the steps touch just this pod's own device and addresses.
 *
 * @throws CniError where another program's route stands in the way
 */
export function attachPod(session: Session, pod: Pod, log: Log): void {
  const plan = planPodFully(session, pod);
  if (plan.conflicts.length > 0) {
    throw new CniError(ErrorCode.conflict, "Cannot make the pod reachable", {
      details: `${plan.conflicts.join("; ")}. Remove what is in the way, or end the program that sets it; the runtime tries again`,
    });
  }
  applyOperations(session, plan.operations);
  const names = deviceNames(session.route);
  for (const step of plan.operations) log("info", describeStep(step, names));
}

/** An address that no policy covers would leave in clear text, or be answered in clear text. */
function requireCovered(
  address: Uint8Array,
  { mesh, localCidrs }: LinkedNode,
): void {
  const family = address.length === 4 ? 4 : 6;
  const linked = mesh.exemptions.some(({ remote }) => remote.family === family);
  if (!linked || localCidrs.some(({ cidr }) => addressInCidr(address, cidr)))
    return;
  const known = localCidrs
    .map(({ cidr, origin }) => `${cidr.text} (${origin})`)
    .join(", ");
  const grows = localCidrs.some((local) => local.grows);
  throw new CniError(
    grows ? ErrorCode.tryAgainLater : ErrorCode.invalidConfiguration,
    `Cannot link pod address ${formatAddress(address)}: it is outside of this node's pod CIDRs`,
    {
      details: `known are ${known}. ${grows ? "A new block gets its route soon, and the runtime tries again; if it does not come, give" : "Give"} the node's podCIDRs in its cluster file, on every node of every cluster`,
    },
  );
}
