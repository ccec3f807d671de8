import { type Cidr, parseCidr } from "../../../ip/cidr.ts";
import type { ClusterSource } from "../../../conf/clusters.ts";
import type { Cluster, Node } from "../../../conf/generated/cluster.ts";
import type { Keyring } from "../../../conf/keyring.ts";
import { Secret } from "../../../conf/secret.ts";
import { formatAddress, formatPrefix } from "../../../native/address.ts";
import {
  XFRM_POLICY_ICMP,
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../native/xfrm/constants.ts";
import type { SecurityAssociation } from "../../../native/xfrm/sa.ts";
import type { SecurityPolicy } from "../../../native/xfrm/sp.ts";
import { decide, NO_MEMORY } from "../../../plugin/fence/decide.ts";
import { blockPolicies } from "../../../plugin/fence/policies.ts";
import { claimOf } from "../../../plugin/node/claim.ts";
import { desiredMesh } from "../../../plugin/mesh/desired.ts";
import type { MeshMemory } from "../../../plugin/mesh/memory.ts";
import type { Self } from "../../../plugin/mesh/self.ts";
import type { DesiredMesh } from "../../../plugin/mesh/state.ts";
import type { MeshInput } from "../../../plugin/mesh/view.ts";

/** A node entry; its first address may be given alone. */
export function node(
  name: string,
  ips: string | [string, ...string[]],
  rest: Partial<Node> = {},
): Node {
  return {
    name,
    ips: typeof ips === "string" ? [ips] : ips,
    gateway: false,
    ...rest,
  };
}

/** A cluster file with the schema's defaults. */
export function cluster(name: string, rest: Partial<Cluster>): ClusterSource {
  const defaults: Cluster = {
    name,
    cni: "other",
    mode: "p2p",
    ipFamily: "all",
    podCIDRs: [],
    serviceCIDRs: [],
    globalCIDRs: {},
    nodes: [],
    encryption: "esp",
    encap: "esp",
  };
  return {
    file: `/etc/crosslink/clusters.d/${name}.json`,
    cluster: { ...defaults, ...rest },
  };
}

/** The same file, which calls that gateway the one in use. */
export function using(source: ClusterSource, gateway: string): ClusterSource {
  const nodes = source.cluster.nodes.map((each) => ({
    ...each,
    active: each.name === gateway,
  }));
  return { ...source, cluster: { ...source.cluster, nodes } };
}

/** The entry `cluster/node`. */
export function selfAt(
  clusters: readonly ClusterSource[],
  place: string,
): Self {
  const [clusterName, nodeName] = place.split("/");
  const source = clusters.find(
    (candidate) => candidate.cluster.name === clusterName,
  );
  const found = source?.cluster.nodes.find(({ name }) => name === nodeName);
  if (source === undefined || found === undefined)
    throw new Error(`no ${place}`);
  return { source, node: found };
}

/** A keyring of derived keys: each id's secret is 32 bytes of that number. */
export function keyring(
  active: number,
  ids: readonly number[] = [active],
): Keyring {
  return {
    kind: "keys",
    active,
    keys: ids.map((id) => ({
      id,
      secret: new Secret(new Uint8Array(32).fill(id)),
    })),
  };
}

/** The article's key. */
export const staticKeyring: Keyring = {
  kind: "static",
  spi: 186,
  reqid: 186,
  key: new Secret(
    Buffer.from("7482b075e3ec7e11a20e1edc1e9a7a459ada760c", "hex"),
  ),
};

/** The mesh from `cluster/node`, whose local CIDRs are those of its entry unless given. */
export function meshAt(
  clusters: readonly ClusterSource[],
  place: string,
  rest: Partial<MeshInput> = {},
  memory?: MeshMemory,
): DesiredMesh {
  const self = selfAt(clusters, place);
  const input = {
    clusters,
    self,
    keyring: keyring(1),
    localCidrs: cidrs(self.node.podCIDRs ?? []),
    ...rest,
  };
  return desiredMesh(input, memory);
}

/** The block policies by which the fence keeps a node of that cluster from the others. */
export function fenceAt(
  clusters: readonly ClusterSource[],
  place: string,
): SecurityPolicy[] {
  const { will } = decide({
    claims: clusters.map((source) => claimOf(source)),
    own: selfAt(clusters, place).source.cluster.name,
    settled: true,
    memory: NO_MEMORY,
    machine: { names: [], networks: [] },
  });
  return blockPolicies(will.wanted);
}

export function cidrs(texts: readonly string[]): Cidr[] {
  return texts.map(parseCidr);
}

/** A policy in the words of `ip xfrm policy add`. */
export function policyText(policy: SecurityPolicy): string {
  const { selector, direction, action, priority, templates, flags } = policy;
  const through = templates.map(
    ({ source, destination, reqid, mode }) =>
      `tmpl src ${formatAddress(source)} dst ${formatAddress(destination)} proto esp reqid ${String(reqid)} mode ${mode}`,
  );
  const head = `src ${formatPrefix(selector.source)} dst ${formatPrefix(selector.destination)} dir ${direction}`;
  return [
    head,
    ...(action === "block" ? ["action block"] : []),
    `priority ${String(priority)}`,
    ...(flags === XFRM_POLICY_ICMP ? ["flag icmp"] : []),
    ...through,
  ].join(" ");
}

/** An SA in the words of `ip xfrm state add`, key included. */
export function associationText(sa: SecurityAssociation): string {
  const key = Buffer.from(sa.aead.key.bytes()).toString("hex");
  const ends = `src ${formatAddress(sa.source)} dst ${formatAddress(sa.destination)}`;
  const { flags: set = 0 } = sa;
  const words = [
    ...(set & XFRM_STATE_ICMP ? ["icmp"] : []),
    ...(set & XFRM_STATE_AF_UNSPEC ? ["af-unspec"] : []),
  ];
  const flags = words.length === 0 ? "" : `flag ${words.join(" ")} `;
  return `${ends} proto esp spi ${String(sa.spi)} reqid ${String(sa.reqid)} mode ${sa.mode} ${flags}aead ${sa.aead.algorithm} 0x${key} ${String(sa.aead.icvBits)}`;
}

/** A cluster of one node. */
export const near = cluster("near", {
  nodes: [node("n0", "192.168.9.1", { podCIDRs: ["10.7.0.0/24"] })],
});

/** Another, with a node for each last byte of an address. */
export function far(octets: readonly number[]): ClusterSource {
  return cluster("far", {
    podCIDRs: ["10.6.0.0/16"],
    nodes: octets.map((octet, n) =>
      node(`n${String(n)}`, `192.168.8.${String(octet)}`, {
        podCIDRs: [`10.6.${String(n)}.0/24`],
      }),
    ),
  });
}
