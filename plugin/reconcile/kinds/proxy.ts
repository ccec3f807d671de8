import { formatAddress, type ProxyNeighbour } from "../../../native/index.ts";
import { ROUTE_PROTOCOL } from "../../owned.ts";
import { type Handling, oneByOne } from "../handling.ts";
import type { Mended } from "../steps.ts";
import type { NamedLink } from "./link.ts";

/** Answers neighbour solicitations for an address on a pod's link. */
export interface ProxyOperation {
  readonly object: "proxy";
  readonly verb: "add" | "delete";
  readonly link: NamedLink;
  readonly address: Uint8Array;
}

type Proxied = Pick<ProxyNeighbour, "address">;

/** On one link, where somebody else's proxy for the same address serves. */
export function proxiesOn({
  index,
  name,
}: NamedLink): Mended<Proxied, ProxyNeighbour, ProxyOperation> {
  const step = (
    verb: ProxyOperation["verb"],
    { address }: Proxied,
  ): ProxyOperation => ({
    object: "proxy",
    verb,
    link: { index, name },
    address,
  });
  return {
    identity: ({ address }) => formatAddress(address),
    owns: ({ protocol }) => protocol === ROUTE_PROTOCOL,
    equals: () => true,
    add: (wanted) => step("add", wanted),
    change: (wanted) => step("add", wanted),
    remove: (found) => step("delete", found),
  };
}

export const proxy: Handling<ProxyOperation> = {
  words: ({ address, link }) =>
    `proxy neighbour ${formatAddress(address)} on ${link.name}`,
  take: oneByOne(({ route }, { verb, address, link }) => {
    const proxy = { index: link.index, address, protocol: ROUTE_PROTOCOL };
    if (verb === "add") route.addProxyNeighbour(proxy);
    else route.deleteProxyNeighbour(proxy);
  }),
};
