import { constants } from "node:os";
import { formatAddress } from "../address.ts";
import type { Binding } from "../binding.ts";
import type { Conversation, Request } from "../conversation.ts";
import { NetlinkError } from "../error.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../message.ts";
import {
  NETLINK_ROUTE,
  type NamespaceOption,
  openConversation,
} from "../socket.ts";
import {
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from "./constants.ts";
import { getLink, naming } from "./device.ts";
import {
  type AddressedDevice,
  type AssignedAddress,
  decodeInterfaceAddress,
  encodeAddressQuery,
  encodeAssignedAddress,
  type InterfaceAddress,
} from "./interface-address.ts";
import {
  decodeLink,
  encodeLinkChange,
  encodeLinkDelete,
  encodeLinkQuery,
  type Link,
  type LinkChange,
} from "./link.ts";
import { type NamespaceNumbers, namespaceNumbers } from "./namespace-id.ts";
import type { Neighbour } from "./neighbour/neighbour.ts";
import type { ProxyNeighbour } from "./neighbour/proxy.ts";
import { neighbourTables } from "./neighbour/table.ts";
import type { Route, RouteFilter, RouteLookup } from "./route.ts";
import type { RoutingRule, SourceRule } from "./rule.ts";
import { isInternet } from "./structs.ts";
import { type RouteChange, routingTables } from "./tables.ts";
import { trafficControl } from "./traffic-control/client.ts";
import type { TrafficFilter } from "./traffic-control/filter.ts";
import type { Qdisc } from "./traffic-control/qdisc.ts";

/** The links, addresses and routes of one network namespace. Methods throw NetlinkError. */
export interface RouteClient extends NamespaceNumbers {
  links(): Link[];
  /** By index, name or alternative name; undefined where there is none. */
  link(which: number | string): Link | undefined;
  changeLink(index: number, change: LinkChange): void;
  /** "" removes it. */
  setAlias(index: number, alias: string): void;
  /** ENODEV where it is gone already. */
  deleteLink(index: number): void;
  /** Of one family, or of both. */
  addresses(family?: number): InterfaceAddress[];
  /** Of one device; of another namespace's with CAP_NET_ADMIN over it, and EOPNOTSUPP before Linux 5.0. */
  addressesOf(device: AddressedDevice): InterfaceAddress[];
  /** EEXIST where the device has it already. */
  addAddress(assigned: AssignedAddress): void;
  /** EADDRNOTAVAIL where the device has no such address. */
  deleteAddress(assigned: AssignedAddress): void;
  routes(filter: RouteFilter): Route[];
  /** The route that a packet to `destination` takes; undefined where it has none, or one to nowhere. */
  getRoute(destination: Uint8Array, lookup?: RouteLookup): Route | undefined;
  /** The same for many, asked in few datagrams; in order. */
  getRoutes(destinations: readonly Uint8Array[]): (Route | undefined)[];
  /** EEXIST where the kernel has it already. */
  addRoute(route: Route): void;
  /** Adds it, or takes the place of the one with its destination, table and priority. */
  replaceRoute(route: Route): void;
  /** Deletes the route with all of these properties and no other. ESRCH where there is none. */
  deleteRoute(route: Route): void;
  /** Many at once; one failure does not stop the others. One result an operation, in order. */
  changeRoutes(
    operations: readonly RouteChange[],
  ): (NetlinkError | undefined)[];
  rules(family: number): RoutingRule[];
  /** EEXIST where there is one like it. */
  addRule(rule: SourceRule): void;
  /** ENOENT where there is none. */
  deleteRule(rule: SourceRule): void;
  /** Of one family, or of both. */
  neighbours(family?: number): Neighbour[];
  proxyNeighbours(family?: number): ProxyNeighbour[];
  /** No error where it is there already. */
  addProxyNeighbour(proxy: ProxyNeighbour): void;
  /** ENOENT where there is none. */
  deleteProxyNeighbour(proxy: ProxyNeighbour): void;
  /** Of all devices. */
  qdiscs(): Qdisc[];
  /** Of what a device receives, where it has a qdisc "ingress" or "clsact"; else none. */
  ingressFilters(index: number): TrafficFilter[];
  close(): void;
}

/** Opens a client for the calling thread's network namespace, or for another. Throws NetlinkError. */
export function openRoute(
  binding: Binding,
  options: NamespaceOption = {},
): RouteClient {
  return routeClient(openConversation(binding, NETLINK_ROUTE, options));
}

/** A client over a conversation that is open already. */
export function routeClient(conversation: Conversation): RouteClient {
  return {
    ...linkMethods(conversation),
    ...addressMethods(conversation),
    ...namespaceNumbers(conversation),
    ...routingTables(conversation),
    ...trafficControl(conversation),
    ...neighbourTables(conversation),
    close: () => {
      conversation.close();
    },
  };
}

function linkMethods(conversation: Conversation) {
  const change = (index: number, change: LinkChange): void => {
    const body = encodeLinkChange(index, change);
    naming(conversation, index, "change", () => {
      conversation.execute(request("RTM_NEWLINK", RTM_NEWLINK, body));
    });
  };
  return {
    links: (): Link[] =>
      conversation
        .dump(request("RTM_GETLINK", RTM_GETLINK, encodeLinkQuery()))
        .map(({ body }) => decodeLink(body)),
    link: (which: number | string) => getLink(conversation, which),
    changeLink: change,
    setAlias: (index: number, alias: string): void => {
      change(index, { alias });
    },
    deleteLink: (index: number): void => {
      const body = encodeLinkDelete(index);
      naming(conversation, index, "delete", () => {
        conversation.execute(request("RTM_DELLINK", RTM_DELLINK, body));
      });
    },
  };
}

function addressMethods(conversation: Conversation) {
  const change = (verb: "add" | "delete", assigned: AssignedAddress) => {
    const [operation, type] =
      verb === "add"
        ? (["RTM_NEWADDR", RTM_NEWADDR] as const)
        : (["RTM_DELADDR", RTM_DELADDR] as const);
    const body = encodeAssignedAddress(assigned);
    const flags = verb === "add" ? NLM_F_CREATE | NLM_F_EXCL : 0;
    const what = `${verb} address ${formatAddress(assigned.address)} of`;
    naming(conversation, assigned.index, what, () => {
      conversation.execute({ ...request(operation, type, body), flags });
    });
  };
  return {
    addresses: (family = 0): InterfaceAddress[] =>
      conversation
        .dump(request("RTM_GETADDR", RTM_GETADDR, encodeAddressQuery(family)))
        .filter(({ body }) => isInternet(body))
        .map(({ body }) => decodeInterfaceAddress(body)),
    addressesOf: (device: AddressedDevice) =>
      getAddressesOf(conversation, device),
    addAddress: (assigned: AssignedAddress): void => {
      change("add", assigned);
    },
    deleteAddress: (assigned: AssignedAddress): void => {
      change("delete", assigned);
    },
  };
}

function getAddressesOf(
  conversation: Conversation,
  device: AddressedDevice,
): InterfaceAddress[] {
  const get = request(
    "RTM_GETADDR",
    RTM_GETADDR,
    encodeAddressQuery(0, device),
  );
  const found = conversation
    .dump(get)
    .filter(({ body }) => isInternet(body))
    .map(({ body }) => decodeInterfaceAddress(body));
  // A kernel that does not know the attribute leaves it out, and answers for its own namespace.
  if (found.some(({ netnsId }) => netnsId !== device.netnsId))
    throw new NetlinkError(get, constants.errno.EOPNOTSUPP);
  return found.filter(({ index }) => index === device.index);
}

function request(operation: string, type: number, body: Uint8Array): Request {
  return { operation, type, body };
}
