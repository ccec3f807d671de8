import { addressInCidr, type Cidr } from "../../conf/cidr.ts";
import {
  type ConntrackClient,
  openConntrack,
} from "../../native/conntrack/client.ts";
import { IPS_SRC_NAT } from "../../native/conntrack/constants.ts";
import type { ConntrackEntry } from "../../native/conntrack/entry.ts";
import { sameBytes } from "../../native/address.ts";
import { inNamespace, type Kernel, using } from "../kernel.ts";
import { FAMILIES, traitsOf } from "../netfilter/family.ts";
import type { NetworkPair } from "./exemption-groups.ts";

/**
 * Deletes the connections between these networks whose source was rewritten before their exemption: the kernel asks the
 * rules only for a connection's first packet. Returns how many. Connections of others, and without a source NAT, stay.
 */
export function forgetMappings(
  kernel: Kernel,
  pairs: readonly NetworkPair[],
): number {
  if (pairs.length === 0) return 0;
  return using(openConntrack(kernel.binding, inNamespace(kernel)), (client) =>
    FAMILIES.map((family) =>
      forgetFamily(
        client,
        traitsOf(family).number,
        pairs.filter(({ local }) => local.family === family),
      ),
    ).reduce((total, count) => total + count, 0),
  );
}

function forgetFamily(
  client: ConntrackClient,
  family: number,
  pairs: readonly NetworkPair[],
): number {
  if (pairs.length === 0) return 0;
  const covers = pairMatcher(pairs);
  const stale = client
    .entries(family, { status: IPS_SRC_NAT })
    .filter((entry) => isRewritten(entry) && covers(...endsOf(entry)));
  return client.deleteAll(stale);
}

/** The ends as the pods know them: behind a service's DNAT the destination is who answers. */
export function endsOf({
  original,
  reply,
}: Pick<ConntrackEntry, "original" | "reply">): [Uint8Array, Uint8Array] {
  return [original.source, reply.source];
}

/** Whether answers go to another address than the first packet came from. */
export function isRewritten({
  original,
  reply,
}: Pick<ConntrackEntry, "original" | "reply">): boolean {
  return !sameBytes(original.source, reply.destination);
}

/** Whether two addresses are the ends of a pair, either way round. */
export function pairMatcher(
  pairs: readonly NetworkPair[],
): (a: Uint8Array, b: Uint8Array) => boolean {
  const partners = new Map<string, { network: Cidr; others: Cidr[] }>();
  for (const { local, remote } of pairs)
    for (const [network, other] of [
      [local, remote],
      [remote, local],
    ] as const) {
      const entry = partners.get(network.text);
      if (entry === undefined)
        partners.set(network.text, { network, others: [other] });
      else entry.others.push(other);
    }
  const networks = [...partners.values()];
  return (a, b) =>
    networks.some(
      ({ network, others }) =>
        addressInCidr(a, network) &&
        others.some((other) => addressInCidr(b, other)),
    );
}
