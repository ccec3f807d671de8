import { formatAddress } from "../../address.ts";
import type { Conversation, Request } from "../../conversation.ts";
import type { NetlinkError } from "../../error.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../../message.ts";
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from "../constants.ts";
import {
  decodeForwardingEntry,
  encodeForwardingEntry,
  encodeForwardingQuery,
  type ForwardingEntry,
} from "./forwarding.ts";
import {
  decodeNeighbour,
  encodeNeighbour,
  encodeNeighbourName,
  encodeNeighbourQuery,
  type Neighbour,
} from "./neighbour.ts";
import {
  decodeProxyNeighbour,
  encodeProxyNeighbour,
  encodeProxyQuery,
  type ProxyNeighbour,
} from "./proxy.ts";

/** One change of a device's permanent neighbours; `replace` adds, too. */
export interface NeighbourOperation {
  readonly kind: "replace" | "delete";
  readonly neighbour: Neighbour;
}

/** One change of a VXLAN device's forwarding table; `replace` adds, too. */
export interface ForwardingOperation {
  readonly kind: "replace" | "delete";
  readonly entry: ForwardingEntry;
}

/** The methods of a RouteClient that read and change the tables of neighbours. */
export function neighbourTables(conversation: Conversation) {
  return {
    ...proxies(conversation),
    neighbours: (index: number): Neighbour[] =>
      dump(conversation, encodeNeighbourQuery(index))
        .map(decodeNeighbour)
        .filter((neighbour) => neighbour !== undefined)
        .filter((neighbour) => neighbour.index === index),
    changeNeighbours: (
      operations: readonly NeighbourOperation[],
    ): (NetlinkError | undefined)[] =>
      conversation.executeAll(operations.map(neighbourRequest)),
    forwardingEntries: (index: number): ForwardingEntry[] =>
      dump(conversation, encodeForwardingQuery(index))
        .map(decodeForwardingEntry)
        .filter((entry) => entry !== undefined)
        .filter((entry) => entry.index === index),
    changeForwardingEntries: (
      operations: readonly ForwardingOperation[],
    ): (NetlinkError | undefined)[] =>
      conversation.executeAll(operations.map(forwardingRequest)),
  };
}

function proxies(conversation: Conversation) {
  const change = (kind: "add" | "delete", proxy: ProxyNeighbour): void => {
    const what = `${kind} proxy neighbour ${formatAddress(proxy.address)}`;
    const body = encodeProxyNeighbour(proxy);
    conversation.execute(request(kind, body, `${what} on link ${proxy.index}`));
  };
  return {
    proxyNeighbours: (family = 0): ProxyNeighbour[] =>
      dump(conversation, encodeProxyQuery(family))
        .map(decodeProxyNeighbour)
        .filter((proxy) => proxy !== undefined),
    addProxyNeighbour: (proxy: ProxyNeighbour): void => {
      change("add", proxy);
    },
    deleteProxyNeighbour: (proxy: ProxyNeighbour): void => {
      change("delete", proxy);
    },
  };
}

function dump(conversation: Conversation, body: Uint8Array): Uint8Array[] {
  return conversation
    .dump({ operation: "RTM_GETNEIGH", type: RTM_GETNEIGH, body })
    .map((message) => message.body);
}

function neighbourRequest({ kind, neighbour }: NeighbourOperation): Request {
  const what = `${kind} neighbour ${formatAddress(neighbour.address)}`;
  const body =
    kind === "delete"
      ? encodeNeighbourName(neighbour)
      : encodeNeighbour(neighbour);
  return request(kind, body, `${what} on link ${neighbour.index}`);
}

function forwardingRequest({ kind, entry }: ForwardingOperation): Request {
  const what = `${kind} forwarding entry to ${formatAddress(entry.destination)}`;
  const body = encodeForwardingEntry(entry);
  return request(kind, body, `${what} on link ${entry.index}`);
}

const FLAGS = {
  add: NLM_F_CREATE,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  delete: 0,
} as const;

function request(
  kind: keyof typeof FLAGS,
  body: Uint8Array,
  what: string,
): Request {
  const verb =
    kind === "delete"
      ? { operation: "RTM_DELNEIGH", type: RTM_DELNEIGH }
      : { operation: "RTM_NEWNEIGH", type: RTM_NEWNEIGH };
  return { ...verb, flags: FLAGS[kind], body, action: () => what };
}
