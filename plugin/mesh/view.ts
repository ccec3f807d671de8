import { type Cidr } from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { Node } from "../../conf/generated/cluster.ts";
import type { Keyring } from "../../conf/keyring.ts";
import type { RemoteNetworks } from "./checks.ts";
import {
  activeGateway,
  carriesServices,
  type Member,
  memberOf,
  podsOf,
} from "./members.ts";
import type { MeshMemory } from "./memory.ts";
import { distinct, inFamily, isEncrypted } from "./networks.ts";
import type { Self } from "./self.ts";
import type { Role } from "./state.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** All that one node's place in the mesh follows from. */
export interface MeshInput {
  readonly clusters: readonly ClusterSource[];
  readonly self: Self;
  /** May be absent for a first look: then `needsKeyring` tells, and only block policies are given. */
  readonly keyring?: Keyring;
  /** Keyrings that tunnels with one cluster have of their own, by its name. */
  readonly keyrings?: ReadonlyMap<string, Keyring>;
  /** This node's own pod CIDRs, from its entry or found on the node. */
  readonly localCidrs: readonly Cidr[];
  /** Of peers that initiate; those that it does not name have not appeared. */
  readonly whereabouts?: Whereabouts;
}

/** The mesh from one node's place. */
export interface View {
  readonly self: Self;
  readonly role: Role;
  /** This node's own, in its cluster's addresses; a gateway has the whole cluster's. */
  readonly pods: readonly Cidr[];
  readonly encrypted: readonly RemoteNetworks[];
  readonly plain: readonly RemoteNetworks[];
  /** What ends tunnels here, undefined in a plain network; and who ends them far away, a list a cluster, none for a leaf. */
  readonly own: Member | undefined;
  readonly peers: readonly (readonly Member[])[];
  /** In a gateway-mode cluster that is linked to any: of a leaf its gateway, of the gateway all leaves. */
  readonly companions: readonly Member[];
  readonly gateway: Node | undefined;
}

/**
 * Works out who is far and what this node carries.
 *
 * @throws CniError 7 where a cluster file leaves that open
 */
export function viewOf(input: MeshInput, memory: MeshMemory): View {
  const { self } = input;
  const far = input.clusters
    .filter(({ cluster }) => cluster.name !== self.source.cluster.name)
    .sort(byName)
    .map((source) => ({ source, ...memory.networksOf(source) }));
  const encrypts = ({ source }: RemoteNetworks): boolean =>
    isEncrypted(source) && isEncrypted(self.source);
  const encrypted = far.filter(encrypts);
  const gateway =
    isEncrypted(self.source) && self.source.cluster.mode === "gateway"
      ? activeGateway(self.source)
      : undefined;
  const role = roleOf(self, gateway);
  const own = carrierFor(input, { role, gateway, memory });
  return {
    self,
    role,
    pods:
      own?.pods ?? distinct(inFamily(self.source.cluster, input.localCidrs)),
    encrypted,
    plain: far.filter((remote) => !encrypts(remote)),
    own,
    peers:
      role === "tunnel"
        ? encrypted.map(({ source }) =>
            memory.membersOf(source, memory.networksOf(source)),
          )
        : [],
    companions:
      gateway === undefined || encrypted.length === 0
        ? []
        : companionsOf(self, { role, gateway }),
    gateway,
  };
}

function companionsOf(
  { source }: Self,
  { role, gateway }: { role: Role; gateway: Node },
): Member[] {
  const nodes =
    role === "leaf"
      ? [gateway]
      : source.cluster.nodes.filter(({ name }) => name !== gateway.name);
  return nodes.map((node) =>
    memberOf(source, node, { pods: podsOf(source, node) }),
  );
}

function roleOf(self: Self, gateway: Node | undefined): Role {
  if (!isEncrypted(self.source)) return "plain";
  return gateway === undefined || gateway.name === self.node.name
    ? "tunnel"
    : "leaf";
}

function carrierFor(
  { self: { source, node }, localCidrs: pods }: MeshInput,
  {
    role,
    gateway,
    memory,
  }: { role: Role; gateway: Node | undefined; memory: MeshMemory },
): Member | undefined {
  if (role === "plain") return undefined;
  if (role === "leaf")
    return memberOf(source, node, { pods: podsOf(source, node) });
  const networks = memory.networksOf(source);
  return gateway === undefined
    ? memory.ownMember(source, node, {
        pods,
        ...(carriesServices(source, node) ? { networks } : {}),
      })
    : memory.membersOf(source, networks)[0];
}

function byName(a: ClusterSource, b: ClusterSource): number {
  return a.cluster.name < b.cluster.name ? -1 : 1;
}
