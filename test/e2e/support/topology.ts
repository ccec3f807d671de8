import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { iptablesPath } from "../../support/iptables-path.ts";
import { ipBatch, type Place, removePlaces } from "../../support/namespace.ts";
import {
  filesFolder,
  type NodeFiles,
  nodeFiles,
  oneKey,
} from "../../support/node-files.ts";
import { patientEnvironment } from "../../support/patience.ts";

/** A node as its cluster file describes it. */
export interface NodePlan {
  readonly cluster: string;
  readonly name: string;
  /** The address on the node's own interface, in a /24 whose .1 is the cloud's router. */
  readonly privateIp: string;
  /** The address that the internet knows it by; the cloud translates it 1:1. */
  readonly elasticIp: string;
  readonly podCidr: string;
}

/** A node that runs: its namespace, and its files. What plugins store is in the same folder. */
export interface Machine extends NodeFiles {
  readonly cluster: string;
  readonly name: string;
  readonly namespace: Place;
}

/** One of a topology, with its cable. */
export interface Node extends NodePlan, Machine {
  /** The internet's end of the node's cable: the wire that captures listen on. */
  readonly wire: string;
}

/** Nodes and what lies between them. Disposing of it removes all of it. */
export interface Topology extends Disposable {
  readonly internet: Place;
  /** A server in the internet, with the address {@link serverAddress}. */
  readonly server: Place;
  readonly nodes: readonly Node[];
  /** `PATH` of the nodes' programs: `iptables` is the variant that works on this kernel. */
  readonly path: string;
}

/** Where pods find the server in the internet. */
export const serverAddress = "198.51.100.1";
const serverRouter = "198.51.100.254";

let made = 0;

/** Nodes in private networks, each behind a 1:1 NAT with an elastic address, and an internet between them. */
export function topology(plans: readonly NodePlan[]): Topology {
  const prefix = `clt-${process.pid}-world${made++}`;
  const folder = filesFolder();
  const internet = { name: `${prefix}-internet` };
  const server = { name: `${prefix}-server` };
  const nodes = plans.map((plan, index): Node => {
    const namespace = { name: `${prefix}-${plan.name}` };
    const files = nodeFiles(join(folder, plan.name));
    return { ...plan, ...files, namespace, wire: `wire${index + 1}` };
  });
  const places = [internet, server, ...nodes.map((node) => node.namespace)];
  const dispose = (): void => {
    removePlaces(places);
    rmSync(folder, { recursive: true });
  };
  try {
    const iptables = build({ internet, server, nodes });
    const path = iptablesPath(folder, iptables);
    return { internet, server, nodes, path, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

type Plan = Pick<Topology, "internet" | "server" | "nodes">;

/**
 * Makes everything in one shell script, since starting a program is slow in a guest kernel. sh: bash takes Node's pipes
 * for a remote shell's, and would read the ~/.bashrc of whoever runs the tests.
 *
 * @returns the variant of iptables that works on this kernel
 */
function build(plan: Plan): string {
  const { internet, server, nodes } = plan;
  const script = [
    "set -e",
    ipBatch(undefined, [
      ...[internet, server, ...nodes.map((node) => node.namespace)].map(
        ({ name }) => `netns add ${name}`,
      ),
      cable(server, internet, "server"),
      ...nodes.map((node) => cable(node.namespace, internet, node.wire)),
    ]),
    ipBatch(internet, internetCommands(nodes)),
    ipBatch(server, hostCommands(serverAddress, serverRouter)),
    ...nodes.map((node) =>
      ipBatch(
        node.namespace,
        hostCommands(node.privateIp, routerOf(node.privateIp)),
      ),
    ),
    `nsenter --net=/run/netns/${internet.name} sh -ec '${translation(nodes)}'`,
  ].join("\n");
  const options = { encoding: "utf8", env: patientEnvironment() } as const;
  return execFileSync("sh", ["-c", script], options).trim();
}

function cable(host: Place, internet: Place, wire: string): string {
  return `link add eth0 netns ${host.name} type veth peer name ${wire} netns ${internet.name}`;
}

function internetCommands(nodes: readonly Node[]): string[] {
  return [
    "link set server up",
    `address add ${serverRouter}/24 dev server`,
    ...nodes.flatMap(({ wire, privateIp }) => [
      `link set ${wire} up`,
      `address add ${routerOf(privateIp)}/24 dev ${wire}`,
    ]),
  ];
}

function hostCommands(address: string, router: string): string[] {
  return [
    "link set lo up",
    "link set eth0 up",
    `address add ${address}/24 dev eth0`,
    `route add default via ${router}`,
  ];
}

/** Forwards, and translates elastic addresses 1:1; prints which iptables could. Debian's default is the nft variant. */
function translation(nodes: readonly Node[]): string {
  const rules = nodes.flatMap(({ elasticIp, privateIp }) => [
    `-A PREROUTING -d ${elasticIp} -j DNAT --to-destination ${privateIp}`,
    `-A POSTROUTING -s ${privateIp} -j SNAT --to-source ${elasticIp}`,
  ]);
  const table = ["*nat", ...rules, "COMMIT"].join("\\n");
  return `
    echo 1 >/proc/sys/net/ipv4/ip_forward
    for variant in iptables-legacy iptables-nft; do
      if printf "${table}\\n" | $variant-restore 2>/dev/null; then echo $variant; exit; fi
    done
    echo "neither iptables-legacy nor iptables-nft works on this kernel" >&2; exit 1`;
}

function routerOf(privateIp: string): string {
  return privateIp.replace(/\d+$/, "1");
}

/**
 * One cluster file a cluster, the same in every node's clusters.d, as admins would copy them.
 *
 * @param more what a cluster's file says besides, or instead
 * @param on the nodes that get them, where not all do
 */
export function writeClusters(
  nodes: readonly Node[],
  more: (cluster: string) => object = () => ({}),
  on: readonly Machine[] = nodes,
): void {
  for (const name of new Set(nodes.map(({ cluster }) => cluster)))
    for (const node of on)
      node.writeCluster(name, { ...clusterFile(name, nodes), ...more(name) });
}

/** A cluster as its file describes it. */
export function clusterFile(name: string, nodes: readonly NodePlan[]): object {
  const members = nodes.filter(({ cluster }) => cluster === name);
  return {
    name,
    podCIDRs: members.map(({ podCidr }) => podCidr),
    nodes: members.map((node) => ({
      name: node.name,
      ips: [node.privateIp],
      elasticIP: node.elasticIp,
      podCIDRs: [node.podCidr],
    })),
  };
}

/** The same keyring on every node: one with a fresh key, where none is given. */
export function writeKeyring(
  nodes: readonly Machine[],
  keyring = oneKey(randomBytes(32).toString("base64")),
): void {
  for (const node of nodes) node.writeKeyring(keyring);
}
