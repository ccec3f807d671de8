import {
  attachedPrograms,
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_TCX_INGRESS,
  programName,
  type TrafficFilter,
} from "../../native/index.ts";
import { inNamespace } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import type { AttachedProgram } from "./bypass.ts";
import type { Device } from "./devices.ts";
import type { ProgramVerdict } from "./program-verdict.ts";

type Filters = ReadonlyMap<number, readonly TrafficFilter[]>;

/** The tc filters of what devices receive, where any has some. */
export function ingressFilters(
  { route }: Session,
  devices: readonly Device[],
): Filters {
  const filtering = new Set(route.qdiscs().filter(isIngress).map(indexOf));
  return new Map(
    devices
      .filter(
        (device) => carriesPods(device) && filtering.has(device.link.index),
      )
      .map(({ link: { index } }) => [index, route.ingressFilters(index)]),
  );
}

/** Whether something ahead of netfilter may give what a device receives a mark: a program, or an action of tc's. */
export function markingDevices(
  session: Session,
): (device: { readonly index: number }) => boolean {
  const { route, kernel } = session;
  const isFiltering = new Set(route.qdiscs().filter(isIngress).map(indexOf));
  return ({ index }) =>
    MARKING_POINTS.some(
      (attachType) =>
        attachedPrograms(kernel.binding, {
          index,
          attachType,
          ...inNamespace(kernel),
        }).length > 0,
    ) ||
    (isFiltering.has(index) && route.ingressFilters(index).some(mayMark));
}

const MARKING_POINTS = [BPF_TCX_INGRESS, BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER];

/** All that does not merely hand packets to another device. */
function mayMark({ program, actions }: TrafficFilter): boolean {
  return (
    program !== undefined || actions.some(({ target }) => target === undefined)
  );
}

/** The eBPF programs that see what devices receive: tc's, tcx's, netkit's, and XDP. */
export function attached(
  session: Session,
  devices: readonly Device[],
  { filters, redirects }: { filters: Filters; redirects: ProgramVerdict },
): AttachedProgram[] {
  const found = devices.filter(carriesPods).flatMap((device) => [
    ...inFilters(session, device, filters),
    ...atPoint(session, device, {
      attachType: BPF_TCX_INGRESS,
      where: "tcx ingress",
    }),
    ...(device.link.kind === "netkit" ? ofNetkit(session, device) : []),
    ...ofXdp(session, device),
  ]);
  return found.map((program) => ({
    ...program,
    redirects: redirects(program.program.id),
  }));
}

/** Where a program is, and its name. */
type Found = Omit<AttachedProgram, "redirects">;

function isIngress({ kind }: { readonly kind: string }): boolean {
  return kind === "clsact" || kind === "ingress";
}

function indexOf({ index }: { readonly index: number }): number {
  return index;
}

function carriesPods({ role }: Device): boolean {
  return role === "pod" || role === "bridge" || role === "uplink";
}

/** The kernel's name of a program is what its author called it; the filter's is what was said when it was attached. */
function inFilters(
  { kernel }: Session,
  { link: { index } }: Device,
  filters: Filters,
): Found[] {
  return (filters.get(index) ?? [])
    .flatMap(({ program, actions }) => [
      program,
      ...actions.map((action) => action.program),
    ])
    .filter((program) => program !== undefined)
    .map(({ id, name }) => ({
      index,
      where: "tc ingress",
      program: {
        ...(id === undefined ? {} : { id }),
        name: (id && programName(kernel.binding, id)) || name,
      },
    }));
}

/** What a pod sends through netkit its peer's programs see before it leaves the pod. */
function ofNetkit(session: Session, device: Device): Found[] {
  return [BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER].flatMap((attachType) =>
    atPoint(session, device, { attachType, where: "netkit" }),
  );
}

function ofXdp(session: Session, { link }: Device): Found[] {
  const { index, xdpProgram } = link;
  if (xdpProgram === undefined || xdpProgram === 0) return [];
  return [named(session, { index, where: "XDP" }, xdpProgram)];
}

function atPoint(
  session: Session,
  { link: { index } }: Device,
  {
    attachType,
    where,
  }: { readonly attachType: number; readonly where: string },
): Found[] {
  const { kernel } = session;
  const at = { index, attachType, ...inNamespace(kernel) };
  return attachedPrograms(kernel.binding, at).map((id) =>
    named(session, { index, where }, id),
  );
}

function named(
  { kernel }: Session,
  at: Omit<Found, "program">,
  id: number,
): Found {
  return {
    ...at,
    program: { id, name: programName(kernel.binding, id) ?? "" },
  };
}
