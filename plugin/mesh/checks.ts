import { CniError, ErrorCode } from "../../cni/error.ts";
import type { KeyIndex } from "../../diff/shared-keys.ts";
import {
  addressFromBytes,
  type Cidr,
  cidrOverlaps,
  parseAddress,
} from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Node } from "../../conf/generated/cluster.ts";
import { sameBytes } from "../../native/index.ts";
import type { Tunnel } from "./tunnels.ts";
import { networkHolding, widest } from "./networks.ts";
import type { Self } from "./self.ts";
import { farEndOf, type TunnelGroup } from "./tunnel-group.ts";

/** A cluster with the networks that policies of this node will have as their far side. */
export interface RemoteNetworks {
  readonly source: ClusterSource;
  readonly seen: readonly Cidr[];
}

/** Looks for the same again and again: whoever remembers what it found looks at changed clusters alone. */
export interface MeshChecks {
  /** Tunnels by where they end. */
  readonly farEnds: (
    lists: readonly (readonly Tunnel[])[],
  ) => KeyIndex<string, Tunnel>;
  /** The same object for networks that say the same. */
  readonly networksAs: (networks: readonly Cidr[]) => readonly Cidr[];
  readonly endsInside: typeof endsInside;
  readonly livesInside: typeof livesInside;
}

/** Whether one of the tunnels ends in one of the networks, which are sorted and apart. */
export function endsInside(
  tunnels: readonly Tunnel[],
  networks: readonly Cidr[],
): boolean {
  return tunnels.some(
    ({ remote }) => networkHolding(networks, remote) !== undefined,
  );
}

/** Whether one of the nodes has an address in one of the networks. */
export function livesInside(
  nodes: readonly Node[],
  networks: readonly Cidr[],
): boolean {
  return nodes.some(({ ips }) =>
    ips.some(
      (ip) => networkHolding(networks, parseAddress(ip).bytes) !== undefined,
    ),
  );
}

/** What is checked. */
interface CheckedMesh {
  readonly self: Self;
  readonly remotes: readonly RemoteNetworks[];
  readonly locals: readonly Cidr[];
  readonly groups: readonly TunnelGroup[];
}

/**
 * Refuses what would make policies catch the wrong packets.
 *
 * @throws CniError 7 with the files, the addresses and the fix
 */
export function checkMesh(mesh: CheckedMesh, checks: MeshChecks): void {
  const { groups, self, remotes, locals } = mesh;
  const ends = checks.farEnds(groups.map(({ fixed }) => fixed));
  if (ends.shared.size > 0 || groups.some(({ isToItself }) => isToItself))
    refuseEndpoints(groups.flatMap(({ fixed }) => fixed));
  checkLocals(self, remotes, locals);
  const networks = checks.networksAs(
    widest(remotes.flatMap(({ seen }) => seen)),
  );
  const { nodes } = self.source.cluster;
  if (
    groups.some(({ fixed }) => checks.endsInside(fixed, networks)) ||
    checks.livesInside(nodes, networks)
  )
    refuseNodeAddresses(mesh, networks);
}

/** Two tunnels to one address are one for the kernel. */
function refuseEndpoints(tunnels: readonly Tunnel[]): void {
  const seen = new Map<string, Tunnel>();
  for (const tunnel of tunnels) {
    const text = farEndOf(tunnel);
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
function refuseNodeAddresses(
  { self, remotes, groups }: CheckedMesh,
  networks: readonly Cidr[],
): void {
  const owners = new Map(
    remotes.flatMap(({ source, seen }) =>
      seen.map((cidr) => [cidr.text, source] as const),
    ),
  );
  const check = (bytes: Uint8Array, whose: string, file: string): void => {
    const network = networkHolding(networks, bytes);
    const source = network && owners.get(network.text);
    if (network === undefined || source === undefined) return;
    throw refusal(
      `Cannot link cluster "${source.cluster.name}": its "${network.text}" holds "${addressFromBytes(bytes).text}", the address of ${whose}`,
      `${source.file} and ${file}. Its block policy would cut the node off: give pods and nodes CIDRs that are apart, or globalCIDRs`,
    );
  };
  for (const tunnel of groups.flatMap(({ fixed }) => fixed))
    check(tunnel.remote, nodeOf(tunnel), tunnel.peer.source.file);
  for (const node of self.source.cluster.nodes) {
    for (const ip of node.ips) {
      check(
        parseAddress(ip).bytes,
        `node "${node.name}" of this node's own cluster`,
        self.source.file,
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
