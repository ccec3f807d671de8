import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  addressFromBytes,
  type Cidr,
  cidrOverlaps,
  parseAddress,
} from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { sameBytes } from "../../native/index.ts";
import type { Tunnel } from "./tunnels.ts";
import { networkHolding, widest } from "./networks.ts";
import type { Self } from "./self.ts";

/** A cluster with the networks that policies of this node will have as their far side. */
export interface RemoteNetworks {
  readonly source: ClusterSource;
  readonly seen: readonly Cidr[];
}

/**
 * Refuses what would make policies catch the wrong packets.
 *
 * @throws CniError 7 with the files, the addresses and the fix
 */
export function checkMesh(mesh: {
  self: Self;
  remotes: readonly RemoteNetworks[];
  locals: readonly Cidr[];
  tunnels: readonly Tunnel[];
}): void {
  checkEndpoints(mesh.tunnels);
  checkLocals(mesh.self, mesh.remotes, mesh.locals);
  checkNodeAddresses(mesh);
}

/** Two tunnels to one address are one for the kernel. */
function checkEndpoints(tunnels: readonly Tunnel[]): void {
  const seen = new Map<string, Tunnel>();
  for (const tunnel of fixed(tunnels)) {
    const text = addressFromBytes(tunnel.remote).text;
    if (sameBytes(tunnel.remote, tunnel.local)) {
      throw refusal(
        `Cannot link ${nodeOf(tunnel)}: its address "${text}" is this node's own`,
        `${tunnel.peer.source.file}. Where both networks use the same private addresses, give both nodes an elasticIP`,
      );
    }
    const other = seen.get(text);
    if (other !== undefined) {
      throw refusal(
        `Cannot link ${nodeOf(other)} and ${nodeOf(tunnel)}: both are reached at "${text}"`,
        `${files(other, tunnel)}. Give each node an address of its own`,
      );
    }
    seen.set(text, tunnel);
  }
}

/** Several that initiate may be behind one NAT: their SAs differ by reqid and SPI. */
function fixed(tunnels: readonly Tunnel[]): Tunnel[] {
  return tunnels.filter(({ initiator }) => initiator !== "peer");
}

function checkLocals(
  self: Self,
  remotes: readonly RemoteNetworks[],
  locals: readonly Cidr[],
): void {
  for (const local of locals) {
    for (const { source, seen } of remotes) {
      const remote = seen.find((cidr) => cidrOverlaps(cidr, local));
      if (remote !== undefined) {
        throw refusal(
          `Cannot link cluster "${source.cluster.name}": its "${remote.text}" overlaps "${local.text}" of this node's pods`,
          `${source.file} and ${self.source.file}. Give the clusters CIDRs that are apart, or globalCIDRs`,
        );
      }
    }
  }
}

/** Block policies would cut the tunnels' own ends off, and this node from its neighbours. */
function checkNodeAddresses(mesh: {
  self: Self;
  remotes: readonly RemoteNetworks[];
  tunnels: readonly Tunnel[];
}): void {
  const owners = new Map(
    mesh.remotes.flatMap(({ source, seen }) =>
      seen.map((cidr) => [cidr.text, source] as const),
    ),
  );
  const networks = widest(mesh.remotes.flatMap(({ seen }) => seen));
  const check = (bytes: Uint8Array, whose: string, file: string): void => {
    const network = networkHolding(networks, bytes);
    const source = network && owners.get(network.text);
    if (network === undefined || source === undefined) return;
    throw refusal(
      `Cannot link cluster "${source.cluster.name}": its "${network.text}" holds "${addressFromBytes(bytes).text}", the address of ${whose}`,
      `${source.file} and ${file}. Its block policy would cut the node off: give pods and nodes CIDRs that are apart, or globalCIDRs`,
    );
  };
  for (const tunnel of fixed(mesh.tunnels))
    check(tunnel.remote, nodeOf(tunnel), tunnel.peer.source.file);
  for (const node of mesh.self.source.cluster.nodes) {
    for (const ip of node.ips) {
      check(
        parseAddress(ip).bytes,
        `node "${node.name}" of this node's own cluster`,
        mesh.self.source.file,
      );
    }
  }
}

function nodeOf(tunnel: Tunnel): string {
  return `node "${tunnel.peer.node.name}" of cluster "${tunnel.peer.source.cluster.name}"`;
}

function files(a: Tunnel, b: Tunnel): string {
  const [first, second] = [a.peer.source.file, b.peer.source.file];
  return first === second ? first : `${first} and ${second}`;
}

function refusal(message: string, details: string): CniError {
  return new CniError(ErrorCode.invalidConfiguration, message, { details });
}
