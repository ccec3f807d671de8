import { formatAddress } from "../../address.ts";
import type { Conversation, Request } from "../../conversation.ts";
import { NLM_F_CREATE } from "../../message.ts";
import { naming } from "../device.ts";
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from "../constants.ts";
import {
  decodeNeighbour,
  encodeNeighbourQuery,
  type Neighbour,
} from "./neighbour.ts";
import {
  decodeProxyNeighbour,
  encodeProxyNeighbour,
  encodeProxyQuery,
  type ProxyNeighbour,
} from "./proxy.ts";
import { isInternet } from "../structs.ts";

/** The methods of a RouteClient that read neighbours, and read and change the addresses that the kernel answers for. */
export function neighbourTables(conversation: Conversation) {
  const change = (kind: "add" | "delete", proxy: ProxyNeighbour): void => {
    const what = `${kind} proxy neighbour ${formatAddress(proxy.address)} on`;
    const body = encodeProxyNeighbour(proxy);
    naming(conversation, proxy.index, what, () => {
      conversation.execute(request(kind, body));
    });
  };
  return {
    neighbours: (family = 0): Neighbour[] =>
      dump(conversation, encodeNeighbourQuery(family))
        .filter(isInternet)
        .map(decodeNeighbour)
        .filter((neighbour) => neighbour !== undefined),
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

const FLAGS = {
  add: NLM_F_CREATE,
  delete: 0,
} as const;

function request(kind: keyof typeof FLAGS, body: Uint8Array): Request {
  const verb =
    kind === "delete"
      ? { operation: "RTM_DELNEIGH", type: RTM_DELNEIGH }
      : { operation: "RTM_NEWNEIGH", type: RTM_NEWNEIGH };
  return { ...verb, flags: FLAGS[kind], body };
}
