import type { ClusterSource } from "../../../conf/clusters.ts";
import type { Keyring } from "../../../conf/keyring.ts";
import type { SecurityPolicy } from "../../../native/index.ts";
import type { DesiredMesh } from "../../../plugin/mesh/state.ts";
import {
  associationText,
  fenceAt,
  meshAt,
  policyText,
} from "../../support/mesh/mesh.ts";
import { runWhereEspIs } from "./kernel.ts";

/** A cluster's machines in the lab, on one LAN a cluster. */
export interface Lab {
  readonly clusters: readonly ClusterSource[];
  readonly keyring: Keyring;
  /** Pods' addresses by `cluster/node`. */
  readonly pods: Readonly<Record<string, readonly string[]>>;
  /** Shell lines to run once all stands, with `in_node`, `in_pod` and `reach` at hand. */
  readonly checks: readonly string[];
}

/**
 * Builds the clusters where ESP is: a namespace a node and a pod, a router between the clusters that maps
 * elastic addresses one to one, and each node's desired mesh put in place with `ip`, so nothing here depends on the
 * netlink code. Addresses of the cluster files must be: LAN number k has 172.31.k.0/24 and fd99:k::/64, its router .1.
 *
 * @returns what the checks printed, line by line
 */
export async function runLab(lab: Lab): Promise<string[]> {
  const script = [
    ...PRELUDE,
    ...lab.clusters.flatMap((source, i) => lanOf(source, i)),
    ...lab.clusters.flatMap((source, i) => nodesOf(lab, source, i)),
    ...lab.checks,
  ];
  const { output, status, seconds } = await runWhereEspIs([
    "bash",
    "-euc",
    script.join("\n"),
  ]);
  console.log(`lab: ${seconds.toFixed(0)} s`);
  if (status !== 0)
    throw new Error(`the lab ended with ${String(status)}:\n${output}`);
  return output.trim().split("\n");
}

/** `reach FROM TO` prints "FROM TO ok" or "FROM TO lost"; `clear` how many packets for pods came to the router that aren't ESP. */
const PRELUDE = [
  'inside() { nsenter --net=/run/netns/"$@"; }; in_node() { inside node-"$@"; }; in_pod() { inside pod-"$@"; }',
  'reach() { if in_pod $1 ping -q -c2 -i0.2 -W1 $2 >/dev/null; then echo "$1 $2 ok"; else echo "$1 $2 lost"; fi; }',
  "count() { inside router $1 -t raw -nvxL PREROUTING | awk '/clear/ { print $1 }'; }",
  'clear() { echo "clear $(( $(count iptables-legacy) + $(count ip6tables-legacy) ))"; }',
  "ip netns add router",
  "inside router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
  // What stays inside of a LAN is not to be counted; where br_netfilter is loaded, it would be.
  "inside router sysctl -eqw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0",
  ...counter("iptables-legacy", ["172.31.0.0/16"]),
  ...counter("ip6tables-legacy", ["fd99::/16", "fe80::/10", "ff00::/8"]),
];

function counter(program: string, underlay: readonly string[]): string[] {
  const add = `inside router ${program} -t raw -A PREROUTING`;
  return [
    `${add} -p esp -j ACCEPT`,
    ...underlay.map((network) => `${add} -d ${network} -j ACCEPT`),
    `${add} -j ACCEPT -m comment --comment clear`,
  ];
}

/** One process for many commands: starting one takes long over the host's files. */
function batch(namespace: string, commands: readonly string[]): string[] {
  return [`ip -n ${namespace} -batch - <<END`, ...commands, "END"];
}

function lanOf(source: ClusterSource, index: number): string[] {
  const number = String(index + 1);
  const lan = `lan${number}`;
  const translate = "inside router iptables-legacy -t nat";
  return [
    ...batch("router", [
      `link add ${lan} type bridge`,
      `link set ${lan} up`,
      `addr add 172.31.${number}.1/24 dev ${lan}`,
      `addr add fd99:${number}::1/64 dev ${lan} nodad`,
    ]),
    ...source.cluster.nodes.flatMap(({ ips: [ip], elasticIP }) =>
      elasticIP === undefined
        ? []
        : [
            `${translate} -A PREROUTING -d ${elasticIP} -j DNAT --to ${ip}`,
            `${translate} -A POSTROUTING -s ${ip} -j SNAT --to ${elasticIP}`,
          ],
    ),
  ];
}

function nodesOf(lab: Lab, source: ClusterSource, index: number): string[] {
  return source.cluster.nodes.flatMap((node, position) => {
    const place = `${source.cluster.name}/${node.name}`;
    const mesh = meshAt(lab.clusters, place, { keyring: lab.keyring });
    const others = source.cluster.nodes.filter((other) => other !== node);
    const ways = others.flatMap((other) =>
      (lab.pods[`${source.cluster.name}/${other.name}`] ?? []).flatMap((pod) =>
        wayTo(pod, other.ips),
      ),
    );
    return [
      ...podNamespace(node.name, lab.pods[place] ?? []),
      `ip -n node-${node.name} link add eth0 type veth peer name e${String(index)}x${String(position)} netns router`,
      `ip -n router link set e${String(index)}x${String(position)} master lan${String(index + 1)} up`,
      ...batch(`node-${node.name}`, [
        ...underlayCommands(node.ips, index + 1),
        ...ways,
        ...fenceAt(lab.clusters, place).map(policyCommand),
        ...meshCommands(mesh),
      ]),
    ];
  });
}

function underlayCommands(ips: readonly string[], lan: number): string[] {
  return [
    "link set eth0 up",
    ...ips.map((ip) =>
      ip.includes(":")
        ? `addr add ${ip}/64 dev eth0 nodad`
        : `addr add ${ip}/24 dev eth0`,
    ),
    ...(ips.some((ip) => !ip.includes(":"))
      ? [`route add default via 172.31.${String(lan)}.1`]
      : []),
    ...(ips.some((ip) => ip.includes(":"))
      ? [`route add default via fd99:${String(lan)}::1`]
      : []),
  ];
}

/** As a base CNI has it inside of a cluster. */
function wayTo(pod: string, ips: readonly string[]): string[] {
  const via = ips.find((ip) => ip.includes(":") === pod.includes(":"));
  return via === undefined ? [] : [`route add ${pod} via ${via}`];
}

function podNamespace(node: string, pods: readonly string[]): string[] {
  const [name, host] = [`pod-${node}`, `node-${node}`];
  const addresses = pods.map(
    (pod) => `addr add ${pod} dev eth0 ${pod.includes(":") ? "nodad" : ""}`,
  );
  return [
    `ip netns add ${name}; ip netns add ${host}`,
    `inside ${host} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
    `ip -n ${host} link add pods type veth peer name eth0 netns ${name}`,
    ...batch(host, [
      "link set lo up",
      "addr add 169.254.1.1/32 dev pods",
      "addr add fe80::1/64 dev pods nodad",
      "link set pods up",
      ...pods.map((pod) => `route add ${pod} dev pods`),
    ]),
    ...batch(name, [
      "link set lo up",
      "link set eth0 up",
      "route add 169.254.1.1 dev eth0",
      "route add default via 169.254.1.1",
      "route add default via fe80::1 dev eth0",
      ...addresses,
    ]),
  ];
}

function policyCommand(policy: SecurityPolicy): string {
  return `xfrm policy add ${policyText(policy)}`;
}

function meshCommands(mesh: DesiredMesh): string[] {
  return [
    ...mesh.policies.map(policyCommand),
    ...mesh.associations.map((sa) => `xfrm state add ${associationText(sa)}`),
    // The default routes cover the rest, but on a node with addresses of one family only for that family.
    ...mesh.routes
      .filter(
        ({ kind, destination, via }) =>
          kind === "peer" && destination.bytes.length !== via.length,
      )
      .map(({ destination }) => `route add ${destination.text} dev eth0`),
  ];
}
