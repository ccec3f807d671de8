import type { Link, Route } from "../../native/index.ts";

/**
 * What a device is to the traffic of pods: "pod" is the host's end of a pod's interface, "bridge" has such ends as ports,
 * "uplink" leads out of the machine.
 */
export type DeviceRole = "pod" | "bridge" | "uplink" | "tunnel" | "other";

/** A device of the node and its part in the pods' traffic. */
export interface Device {
  readonly link: Link;
  readonly role: DeviceRole;
}

/** What packets enter by route, to be looked up among xfrm's policies by the device itself. */
const XFRM_TUNNELS: ReadonlySet<string> = new Set(["vti", "vti6", "xfrm"]);

const POD_KINDS: ReadonlySet<string> = new Set(["veth", "netkit"]);

/**
 * Tells the devices apart. `routes` are those of the main table, `holders` the indexes of devices by which other nodes are reached
 * whatever the routes. Pure.
 */
export function deviceRoles(
  links: readonly Link[],
  routes: readonly Route[],
  holders: readonly number[],
): Device[] {
  const masters = new Set(links.filter(isPodEnd).map(({ master }) => master));
  const outward = new Set([...holders, ...outwardDevices(routes)]);
  return links
    .filter(({ name }) => name !== "lo")
    .map((link) => ({ link, role: roleOf(link, masters, outward) }));
}

/** Whether the device's other end is in another namespace. */
function isPodEnd({ kind, peerNetnsId }: Link): boolean {
  return kind !== undefined && POD_KINDS.has(kind) && peerNetnsId !== undefined;
}

function roleOf(
  link: Link,
  masters: ReadonlySet<number | undefined>,
  outward: ReadonlySet<number | undefined>,
): DeviceRole {
  if (link.kind !== undefined && XFRM_TUNNELS.has(link.kind)) return "tunnel";
  // In a test or a nested cluster the way out is a veth too.
  if (outward.has(link.index)) return "uplink";
  if (isPodEnd(link)) return "pod";
  return masters.has(link.index) ? "bridge" : "other";
}

/** Those by which routers are reached. */
function outwardDevices(routes: readonly Route[]): (number | undefined)[] {
  return routes.flatMap(({ gateway, outputInterface, nextHops = [] }) => [
    ...(gateway === undefined ? [] : [outputInterface]),
    ...nextHops.map((hop) => hop.outputInterface),
  ]);
}

/** Whether what `nft` writes is this device: `eth*` stands for all whose names begin so. */
export function namesDevice(device: string): (written: string) => boolean {
  return (written) =>
    written.endsWith("*")
      ? device.startsWith(written.slice(0, -1))
      : device === written;
}

/** Their names, so many that a sentence stays one. */
export function deviceNames(devices: readonly Device[]): string {
  return few(devices.map(({ link }) => link.name));
}

const FEW = 3;

/** The first of many, and how many more there are. */
export function few(names: readonly string[]): string {
  const shown = names.slice(0, FEW).join(", ");
  const rest = names.length - FEW;
  return rest > 0 ? `${shown} and ${String(rest)} more` : shown;
}
