import { CniError, ErrorCode } from "../../cni/error.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Keyring } from "../../conf/keyring.ts";
import { Secret } from "../../conf/secret.ts";
import { desiredMesh } from "./desired.ts";
import { podsOf } from "./members.ts";
import { isEncrypted } from "./networks.ts";
import type { IkeTunnel } from "./state.ts";

/** The tunnels of a router that crosslink does not run on, as the router has to be told of them. */
export interface RouterTunnels {
  readonly network: string;
  readonly router: string;
  readonly tunnels: readonly IkeTunnel[];
}

/** Whether a network's routers are peers by IKE: its own file says so. */
export function isIkeNetwork({ cluster }: ClusterSource): boolean {
  return cluster.encryption !== "none" && cluster.keying === "ike";
}

/**
 * The tunnels by IKE of each router of a network, from its own place. Pure.
 *
 * @param keyring where the secrets are asked for; they are meaningless without it
 * @throws CniError 7 where the files contradict each other, or the network has no router
 */
export function routerTunnels(
  clusters: readonly ClusterSource[],
  network: ClusterSource,
  keyring: Keyring = UNASKED,
): RouterTunnels[] {
  const { name, nodes } = network.cluster;
  if (!isEncrypted(network) || nodes.length === 0)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot tell the router of "${name}" what to do: its file names none`,
      { details: `${network.file}: /nodes. Write the router's name and ips` },
    );
  return nodes.map((node) => {
    const localCidrs = podsOf(network, node);
    const self = { source: network, node };
    const { ike } = desiredMesh({ clusters, self, keyring, localCidrs });
    requireProvable(name, ike);
    return { network: name, router: node.name, tunnels: ike };
  });
}

/** Its router would be told of a proof that nobody takes. */
function requireProvable(network: string, tunnels: readonly IkeTunnel[]): void {
  const half = tunnels.find(({ isUnprovable }) => isUnprovable);
  if (half === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot tell the router of "${network}" what to do: it and cluster "${half.cluster}" cannot prove who is who`,
    {
      details: `${half.difference ?? ""}; write "ca" into both files, or into none`,
    },
  );
}

/** Ends and selectors do not depend on it. */
const UNASKED: Keyring = {
  kind: "keys",
  active: 1,
  keys: [{ id: 1, secret: new Secret(new Uint8Array(32)) }],
};
