import {
  AF_INET,
  AF_INET6,
  formatAddress,
  type Link,
  type Route,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import { type Cidr, cidrContains, cidrOf } from "../../ip/cidr.ts";
import { remembered } from "../kernel/remembered.ts";
import type { Session } from "../kernel/session.ts";
import type { FlowDevice, Flow } from "../netfilter/trace/flow.ts";
import type { LinkedNode } from "./linked.ts";
import { outgoingDevices } from "./outgoing.ts";

/**
 * What this node forwards between own and remote pods, either way, with the devices that it goes by as far as they are known;
 * made as they are asked for.
 */
export function* flowsOf(
  session: Session,
  node: LinkedNode,
): Generator<Flow, void> {
  const devices = devicesByIndex(session);
  const routes = mainRoutes(session);
  const toRemote = outgoingDevices(session, node);
  const podDevices = remembered(
    (local: Cidr) => devicesInto(local, routes, devices),
    ({ text }) => text,
  );
  const wrapped = remembered(
    (uplinks: readonly FlowDevice[]) => wrappedFlows(node, uplinks),
    (uplinks) => uplinks.map(({ name }) => name).join(" "),
  );
  for (const { local, remote, encrypted } of node.mesh.exemptions) {
    const pods = podDevices(local);
    const uplinks = toRemote(remote).flatMap((index) => devices(index));
    const { family } = local;
    yield {
      family,
      source: local,
      destination: remote,
      inputs: pods,
      outputs: uplinks,
      leavesEncrypted: encrypted,
    };
    yield {
      family,
      source: remote,
      destination: local,
      inputs: uplinks,
      outputs: pods,
      ...(encrypted && { was: wrapped(uplinks) }),
    };
  }
}

/** The tunnels' packets that pods' come in, from whichever peer. */
function wrappedFlows(
  { mesh }: LinkedNode,
  inputs: readonly FlowDevice[],
): Flow[] {
  const found = new Map<string, Flow>();
  for (const { local, keying, encapsulation } of mesh.peers) {
    const inUdp = keying === "ike" || encapsulation !== undefined;
    const inEsp = keying === "ike" || encapsulation === undefined;
    for (const wrapping of [
      ...(inUdp ? (["UDP"] as const) : []),
      ...(inEsp ? (["ESP"] as const) : []),
    ])
      found.set(`${formatAddress(local)} ${wrapping}`, {
        family: local.length === 4 ? 4 : 6,
        source: cidrOf(new Uint8Array(local.length), 0),
        destination: cidrOf(local, 8 * local.length),
        inputs,
        outputs: [],
        tunnel: { in: wrapping, way: "in" },
      });
  }
  return [...found.values()];
}

/**
 * What this node's own tunnels send and get, by the SAs that it should have; charon's tunnels are not among them.
 *
 * @param pods what they wrap, among others
 */
export function tunnelFlows(
  session: Session,
  { mesh }: LinkedNode,
  pods: readonly Flow[] = [],
): Flow[] {
  const inner = pods.filter(({ leavesEncrypted }) => leavesEncrypted === true);
  const devices = devicesByIndex(session);
  const own = new Set(
    [...mesh.peers, ...mesh.standby].map(({ local }) => formatAddress(local)),
  );
  const deviceTo = remembered(
    (peer: Uint8Array) => session.route.getRoute(peer)?.outputInterface,
    formatAddress,
  );
  const flows = mesh.associations.map((association): Flow => {
    const { source, destination, encapsulation } = association;
    const leaves = own.has(formatAddress(source));
    const index = deviceTo(leaves ? destination : source);
    const uplink = index === undefined ? [] : devices(index);
    return {
      family: source.length === 4 ? 4 : 6,
      source: cidrOf(source, 8 * source.length),
      destination: cidrOf(destination, 8 * source.length),
      inputs: leaves ? [] : uplink,
      outputs: leaves ? uplink : [],
      tunnel: {
        in: encapsulation === undefined ? "ESP" : "UDP",
        way: leaves ? "out" : "in",
      },
      ...(leaves && { was: inner }),
    };
  });
  // While keys rotate there are several SAs either way.
  const ends = ({ source, destination }: Flow) =>
    `${source.text} ${destination.text}`;
  return [...new Map(flows.map((flow) => [ends(flow), flow])).values()];
}

/** The devices that lead to pods of this node, by one of its pod CIDRs. */
export function podDevices(
  session: Session,
  local: Cidr,
): readonly FlowDevice[] {
  return devicesInto(local, mainRoutes(session), devicesByIndex(session));
}

function devicesByIndex({ route }: Session): (index: number) => FlowDevice[] {
  return flowDevices(route.links());
}

/** Each by its index, with what its packets pass below it. */
export function flowDevices(
  links: readonly Link[],
): (index: number) => FlowDevice[] {
  const byIndex = new Map(links.map((link) => [link.index, link]));
  const devices = (index: number): FlowDevice[] => {
    const link = byIndex.get(index);
    if (link === undefined) return [];
    const below = linksBelow(links, link).flatMap((each) =>
      devices(each.index),
    );
    return [
      { name: link.name, index, ...(below.length === 0 ? {} : { below }) },
    ];
  };
  return devices;
}

/** The ports of a bridge or bond, and the device that a VLAN is on. */
function linksBelow(links: readonly Link[], { index, kind, ...link }: Link) {
  return links.filter(
    (each) =>
      each.master === index ||
      (kind === "vlan" &&
        link.peerNetnsId === undefined &&
        each.index === link.peerIndex),
  );
}

/** Pods' own host routes, or the bridge's that they share. */
function devicesInto(
  local: Cidr,
  routes: readonly Route[],
  devices: (index: number) => FlowDevice[],
): FlowDevice[] {
  const indexes = routes.flatMap(({ destination, outputInterface }) => {
    if (outputInterface === undefined || destination.length === 0) return [];
    if (destination.address.length !== local.bytes.length) return [];
    const network = cidrOf(destination.address, destination.length);
    return cidrContains(local, network) || cidrContains(network, local)
      ? [outputInterface]
      : [];
  });
  return [...new Set(indexes)].flatMap((index) => devices(index));
}

function mainRoutes({ route }: Session): Route[] {
  return [AF_INET, AF_INET6].flatMap((family) =>
    route.routes({ family, table: RT_TABLE_MAIN }),
  );
}
