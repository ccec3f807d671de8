import { type Tunnel, tunnelsBetween } from "./tunnels.ts";
import { outerAddresses } from "./members.ts";
import type { Wrapping } from "./mtu.ts";
import { widest } from "./networks.ts";
import type { View } from "./view.ts";

/**
 * The tunnels inside of a gateway-mode cluster: on a leaf the one with its gateway, on the gateway one with each leaf. At
 * the leaf's end are its pods, at the gateway's all encrypted networks of the other clusters: the gateway decrypts what
 * comes from either side, and encrypts it for the other.
 */
export function legsOf({
  role,
  own,
  companions,
  encrypted,
}: Pick<View, "role" | "own" | "companions" | "encrypted">): Tunnel[] {
  if (own === undefined) return [];
  const remotes = widest(encrypted.flatMap(({ seen }) => seen));
  return companions.flatMap((companion) =>
    role === "leaf"
      ? tunnelsBetween(own, companion, {
          localCidrs: own.pods,
          remoteCidrs: remotes,
        })
      : tunnelsBetween(own, companion, {
          localCidrs: remotes,
          remoteCidrs: companion.pods,
        }),
  );
}

/** On a leaf: how its gateway wraps what it passes on, as far as the files tell; each way once. */
export function wrappingsBeyond({
  role,
  self,
  encrypted,
  companions: [gateway],
}: View): Wrapping[] {
  if (role !== "leaf" || gateway === undefined) return [];
  const found = new Map<string, Wrapping>();
  for (const { source } of encrypted) {
    // With IKE a NAT on the way decides, of which nobody here knows: room is left for it.
    const inUdp = [self.source, source].some(
      ({ cluster }) => cluster.encap === "udp" || cluster.keying === "ike",
    );
    const theirs = source.cluster.nodes.flatMap((node) => [
      ...outerAddresses(node).keys(),
    ]);
    for (const family of [4, 6] as const)
      if (gateway.addresses.has(family) && theirs.includes(family))
        found.set(`${String(family)} ${String(inUdp)}`, { family, inUdp });
  }
  return [...found.values()];
}
