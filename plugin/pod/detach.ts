import {
  AF_INET,
  AF_INET6,
  type Link,
  NetlinkError,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import type { Request } from "../../cni/request.ts";
import { applyOperations } from "../reconcile/apply.ts";
import { isPodRoute } from "../owned.ts";
import { labelOf } from "../reconcile/kinds/label.ts";
import { proxiesOn } from "../reconcile/kinds/proxy.ts";
import { POD_ROUTES } from "../reconcile/kinds/route.ts";
import type { KernelOperation } from "../reconcile/operation.ts";
import { stepsBetween } from "../reconcile/steps.ts";
import type { Session } from "../kernel/session.ts";
import { findPodInterface } from "./host-interface.ts";
import { isLabel, type LabelledAttachment, parseLabel } from "./label.ts";

/**
 * Takes away what ADD gave one pod. The interface is found by the pod's namespace, or by its label; where both are gone,
 * so is what hung on it.
 */
export function detachPod(session: Session, request: Request): void {
  const attachment = {
    network: String(request.config["name"]),
    containerID: request.containerId,
    ifname: request.ifname,
  };
  const link =
    unlessForbidden(() => insideLink(session, request, attachment)) ??
    labelledLink(session, attachment);
  if (link !== undefined) detachLink(session, link);
}

/** Without CAP_SYS_ADMIN the pod's namespace cannot be asked; the label on the host can. */
function unlessForbidden<Found>(find: () => Found): Found | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "EPERM")
      return undefined;
    throw error;
  }
}

/** A namespace's path may have gone to another pod: the label tells. */
function insideLink(
  session: Session,
  request: Request,
  attachment: LabelledAttachment,
): Link | undefined {
  const link = findPodInterface(session, request)?.link;
  const label = parseLabel(link?.alias);
  return label === undefined || isSame(label, attachment) ? link : undefined;
}

function labelledLink(
  session: Session,
  attachment: LabelledAttachment,
): Link | undefined {
  return labelledLinks(session).find(({ label }) => isSame(label, attachment))
    ?.link;
}

/**
 * Takes away what belongs to attachments of this network that are no longer valid. Without a list
 * nothing is known to be stale (SPEC.md 1.1.0 §2 "GC"); the node's own state is no attachment's.
 */
export function collectGarbage(session: Session, request: Request): void {
  const valid = request.validAttachments;
  if (valid === undefined) return;
  const network = String(request.config["name"]);
  for (const { link, label } of labelledLinks(session)) {
    const isValid = valid.some((attachment) =>
      isSame(label, { network, ...attachment }),
    );
    if (label.network === network && !isValid) detachLink(session, link);
  }
}

/** Takes away every pod's host route, proxies and label: `crosslink teardown`. Returns the steps taken. */
export function detachAll(session: Session): KernelOperation[] {
  const steps = [
    ...routeRemovals(session),
    ...proxyRemovals(session, session.route.links()),
    ...labelledLinks(session).flatMap(({ link }) => unlabel(link)),
  ];
  applyOperations(session, steps);
  return steps;
}

/** Takes away what belongs to attachments that nobody will detach any more. */
export function detachLeftovers(
  session: Session,
  attachments: readonly LabelledAttachment[],
): void {
  for (const { link, label } of labelledLinks(session))
    if (attachments.some((attachment) => isSame(label, attachment)))
      detachLink(session, link);
}

/**
 * Every host interface that carries a pod's label. ADD labels nothing but the host's end of a veth pair: elsewhere a
 * label is no proof.
 */
export function labelledLinks({
  route,
}: Session): { link: Link; label: LabelledAttachment }[] {
  return route
    .links()
    .filter(({ kind }) => kind === "veth")
    .flatMap((link) => {
      const label = parseLabel(link.alias);
      return label === undefined ? [] : [{ link, label }];
    });
}

function detachLink(session: Session, link: Link): void {
  applyOperations(session, [
    ...routeRemovals(session, link.index),
    ...proxyRemovals(session, [link]),
    ...unlabel(link),
  ]);
}

/** Ours are told by their protocol; with the link itself all of its proxies go. */
function proxyRemovals(
  { route }: Session,
  links: readonly Link[],
): KernelOperation[] {
  const found = Map.groupBy(
    route.proxyNeighbours(AF_INET6),
    ({ index }) => index,
  );
  return links.flatMap(
    (link) =>
      stepsBetween([], found.get(link.index) ?? [], proxiesOn(link)).stale,
  );
}

/** Of one device, or of all. The kernel picks them out: it may hold thousands for remote CIDRs. */
function routeRemovals(
  { route }: Session,
  outputInterface?: number,
): KernelOperation[] {
  const over = outputInterface === undefined ? {} : { outputInterface };
  const found = [AF_INET, AF_INET6].flatMap((family) =>
    route.routes({ family, table: RT_TABLE_MAIN, ...over }).filter(isPodRoute),
  );
  return [...stepsBetween([], found, POD_ROUTES).stale];
}

function unlabel(link: Link): KernelOperation[] {
  const found = link.alias === undefined ? [] : [link.alias];
  return [...stepsBetween([], found, labelOf(link, isLabel)).stale];
}

function isSame(a: LabelledAttachment, b: LabelledAttachment): boolean {
  return (
    a.network === b.network &&
    a.containerID === b.containerID &&
    a.ifname === b.ifname
  );
}
