import { formatAddress } from "../address.ts";
import type { Binding } from "../binding.ts";
import type { Conversation, Request } from "../conversation.ts";
import { ignoring, type NetlinkError } from "../error.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../message.ts";
import {
  NETLINK_ROUTE,
  type NamespaceOption,
  openConversation,
} from "../socket.ts";
import {
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETNEIGH,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
} from "./constants.ts";
import {
  decodeInterfaceAddress,
  encodeAddressQuery,
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
import {
  decodeProxyNeighbour,
  encodeProxyNeighbour,
  encodeProxyQuery,
  type ProxyNeighbour,
} from "./neighbour.ts";
import type { Route, RouteLookup } from "./route.ts";
import type { RoutingRule } from "./rule.ts";
import { isInternet } from "./structs.ts";
import {
  type RouteFilter,
  type RouteOperation,
  routingTables,
} from "./tables.ts";
import { encodeVxlan, type Vxlan } from "./vxlan.ts";

/** The links, addresses and routes of one network namespace. Methods throw NetlinkError. */
export interface RouteClient {
  links(): Link[];
  /** By index, name or alternative name; undefined where there is none. */
  link(which: number | string): Link | undefined;
  addVxlan(vxlan: Vxlan): void;
  changeLink(index: number, change: LinkChange): void;
  /** "" removes it. */
  setAlias(index: number, alias: string): void;
  /** ENODEV where it is gone already. */
  deleteLink(index: number): void;
  /** Of one family, or of both. */
  addresses(family?: number): InterfaceAddress[];
  routes(filter: RouteFilter): Route[];
  /** The route that a packet to `destination` takes; undefined where it has none. EINVAL: it leads to a blackhole. */
  getRoute(destination: Uint8Array, lookup?: RouteLookup): Route | undefined;
  /** EEXIST where the kernel has it already. */
  addRoute(route: Route): void;
  /** Adds it, or takes the place of the one with its destination, table and priority. */
  replaceRoute(route: Route): void;
  /** Deletes the route with all of these properties and no other. ESRCH where there is none. */
  deleteRoute(route: Route): void;
  /** Many at once; one failure does not stop the others. One result an operation, in order. */
  changeRoutes(
    operations: readonly RouteOperation[],
  ): (NetlinkError | undefined)[];
  rules(family: number): RoutingRule[];
  proxyNeighbours(family?: number): ProxyNeighbour[];
  /** No error where it is there already. */
  addProxyNeighbour(proxy: ProxyNeighbour): void;
  /** ENOENT where there is none. */
  deleteProxyNeighbour(proxy: ProxyNeighbour): void;
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
    ...routingTables(conversation),
    ...neighbourMethods(conversation),
    close: () => {
      conversation.close();
    },
  };
}

function linkMethods(conversation: Conversation) {
  const change = (index: number, change: LinkChange): void => {
    const body = encodeLinkChange(index, change);
    conversation.execute(
      request("RTM_NEWLINK", RTM_NEWLINK, body, () => `change link ${index}`),
    );
  };
  return {
    links: (): Link[] =>
      conversation
        .dump(request("RTM_GETLINK", RTM_GETLINK, encodeLinkQuery()))
        .map(({ body }) => decodeLink(body)),
    link: (which: number | string) => getLink(conversation, which),
    addVxlan: (vxlan: Vxlan): void => {
      const action = (): string => `add VXLAN device "${vxlan.name}"`;
      const add = request(
        "RTM_NEWLINK",
        RTM_NEWLINK,
        encodeVxlan(vxlan),
        action,
      );
      conversation.execute({ ...add, flags: NLM_F_CREATE | NLM_F_EXCL });
    },
    changeLink: change,
    setAlias: (index: number, alias: string): void => {
      change(index, { alias });
    },
    deleteLink: (index: number): void => {
      conversation.execute(
        request(
          "RTM_DELLINK",
          RTM_DELLINK,
          encodeLinkDelete(index),
          () => `delete link ${index}`,
        ),
      );
    },
  };
}

function getLink(
  conversation: Conversation,
  which: number | string,
): Link | undefined {
  // Index 0 and the empty name would ask for nothing in particular.
  if (which === 0 || which === "") return undefined;
  const get = request(
    "RTM_GETLINK",
    RTM_GETLINK,
    encodeLinkQuery(which),
    () => `get link "${which}"`,
  );
  const [found] = ignoring(["ENODEV"], () => conversation.execute(get)) ?? [];
  return found && decodeLink(found.body);
}

function addressMethods(conversation: Conversation) {
  return {
    addresses: (family = 0): InterfaceAddress[] =>
      conversation
        .dump(request("RTM_GETADDR", RTM_GETADDR, encodeAddressQuery(family)))
        .filter(({ body }) => isInternet(body))
        .map(({ body }) => decodeInterfaceAddress(body)),
  };
}

function neighbourMethods(conversation: Conversation) {
  const describe =
    (verb: string, { index, address }: ProxyNeighbour) =>
    (): string =>
      `${verb} proxy neighbour ${formatAddress(address)} on link ${index}`;
  return {
    proxyNeighbours: (family = 0): ProxyNeighbour[] =>
      conversation
        .dump(request("RTM_GETNEIGH", RTM_GETNEIGH, encodeProxyQuery(family)))
        .map(({ body }) => decodeProxyNeighbour(body))
        .filter((proxy) => proxy !== undefined),
    addProxyNeighbour: (proxy: ProxyNeighbour): void => {
      const add = request(
        "RTM_NEWNEIGH",
        RTM_NEWNEIGH,
        encodeProxyNeighbour(proxy),
        describe("add", proxy),
      );
      conversation.execute({ ...add, flags: NLM_F_CREATE });
    },
    deleteProxyNeighbour: (proxy: ProxyNeighbour): void => {
      conversation.execute(
        request(
          "RTM_DELNEIGH",
          RTM_DELNEIGH,
          encodeProxyNeighbour(proxy),
          describe("delete", proxy),
        ),
      );
    },
  };
}

function request(
  operation: string,
  type: number,
  body: Uint8Array,
  action?: () => string,
): Request {
  return { operation, type, body, action };
}
