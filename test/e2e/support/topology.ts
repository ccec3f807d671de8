import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeNamespaces } from "../../support/namespace.ts";

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

/** A network namespace, as `ip netns` knows it. */
export interface Place {
  readonly name: string;
}

/** A node that runs: its namespace, its cable, and a folder for its files. */
export interface Node extends NodePlan {
  readonly namespace: Place;
  /** The internet's end of the node's cable: the wire that captures listen on. */
  readonly wire: string;
  /** Holds clusters.d/, keyring.json and what the plugins store. */
  readonly folder: string;
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
  const folder = mkdtempSync(join(tmpdir(), "crosslink-nodes-"));
  // Nobody else may write above the keyring, and anybody may read the rest.
  chmodSync(folder, 0o755);
  const internet = { name: `${prefix}-internet` };
  const server = { name: `${prefix}-server` };
  const nodes = plans.map((plan, index): Node => {
    const namespace = { name: `${prefix}-${plan.name}` };
    const own = join(folder, plan.name);
    mkdirSync(join(own, "clusters.d"), { recursive: true });
    return { ...plan, namespace, wire: `wire${index + 1}`, folder: own };
  });
  const places = [internet, server, ...nodes.map((node) => node.namespace)];
  const dispose = (): void => {
    removePlaces(places);
    rmSync(folder, { recursive: true });
  };
  try {
    const iptables = build({ internet, server, nodes });
    const path = pathWith(folder, iptables);
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
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).trim();
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

function ipBatch(inside: Place | undefined, commands: readonly string[]) {
  const where = inside === undefined ? "" : `-n ${inside.name}`;
  return `ip ${where} -batch - <<'END'\n${commands.join("\n")}\nEND`;
}

function routerOf(privateIp: string): string {
  return privateIp.replace(/\d+$/, "1");
}

/** Removes those that are there. */
export function removePlaces(places: readonly Place[]): void {
  const names = places.map(({ name }) => name);
  removeNamespaces(names.filter((name) => existsSync(`/run/netns/${name}`)));
}

/** Plugins run `iptables` and its kin: links of these names lead to the variant that works. */
function pathWith(folder: string, variant: string): string {
  const links = join(folder, "bin");
  mkdirSync(links);
  for (const name of ["iptables", "ip6tables"]) {
    const program = variant.replace("iptables", name);
    for (const suffix of ["", "-save", "-restore"])
      symlinkSync(
        `/usr/sbin/${program}${suffix}`,
        join(links, `${name}${suffix}`),
      );
  }
  return `${links}:/usr/sbin:/usr/bin:/sbin:/bin`;
}

/** One cluster file a cluster, the same in every node's clusters.d, as admins would copy them. */
export function writeClusters(nodes: readonly Node[]): void {
  const names = new Set(nodes.map(({ cluster }) => cluster));
  for (const name of names) {
    const text = JSON.stringify(clusterFile(name, nodes), undefined, 2);
    for (const { folder } of nodes)
      writeFileSync(join(folder, "clusters.d", `${name}.json`), `${text}\n`);
  }
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

/** The same keyring on every node. */
export function writeKeyring(nodes: readonly Node[], keyring: object): void {
  for (const { folder } of nodes)
    writeFileSync(join(folder, "keyring.json"), JSON.stringify(keyring), {
      mode: 0o600,
    });
}
