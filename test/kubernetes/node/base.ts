import { until } from "../../support/until.ts";
import type { Kubectl } from "../control-plane/kubectl.ts";
import { kubeconfigOf } from "./kubelet.ts";
import type { Node } from "./node.ts";

/** What gives a cluster's pods their network. */
export interface Base {
  /** As cluster files call it. */
  readonly cni: "calico" | "flannel" | "other";
  /** What the cluster needs before its first node. */
  readonly prepare: (kubectl: Kubectl) => Promise<void>;
  /** Starts its daemons on a node that has registered. */
  readonly start: (node: Node, kubectl: Kubectl) => Promise<void>;
  /** Its conflist, as its manifest has it, without crosslink. */
  readonly conflist: (node: Node) => Conflist;
  /** A node's pod CIDR. */
  readonly podCidr: (node: Node, kubectl: Kubectl) => Promise<string>;
}

/** A list of plugins. */
export interface Conflist {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly Readonly<Record<string, unknown>>[];
}

const PORTMAP = { type: "portmap", capabilities: { portMappings: true } };

/** The file that flanneld writes for its plugin. */
const SUBNET_FILE = "/run/flannel/subnet.env";

/** What gives a cluster flannel. */
export interface FlannelOptions {
  /** flanneld's path. */
  readonly program: string;
  /** The cluster's pod CIDR. */
  readonly pods: string;
  /** How often it looks after its rules. */
  readonly resyncSeconds: number;
}

/** Flannel with VXLAN between its nodes. */
export function flannel(options: FlannelOptions): Base {
  const { program, pods, resyncSeconds } = options;
  const settings = JSON.stringify({
    Network: pods,
    Backend: { Type: "vxlan" },
  });
  return {
    cni: "flannel",
    prepare: () => Promise.resolve(),
    start: async (node, kubectl) => {
      // It ends where there is none, and its DaemonSet would start it again.
      await until(
        async () =>
          (await kubectl.get("node", node.name)).spec.podCIDR !== undefined,
        {
          limitSeconds: 300,
          pauseMs: 300,
          describe: () => `${node.name} is given no pod CIDR`,
        },
      );
      await node.write("/etc/cni/net-conf.json", settings);
      const words = [
        "--kube-subnet-mgr",
        "--kubeconfig-file",
        kubeconfigOf(node),
        "--iface",
        "eth0",
        "--ip-masq",
        `--iptables-resync=${resyncSeconds}`,
      ];
      const command = [
        program,
        ...words,
        "--net-config-path",
        "/etc/cni/net-conf.json",
      ];
      await node.start({
        name: "flanneld",
        command,
        environment: { NODE_NAME: node.name },
      });
      await until(
        async () => (await node.try(["test", "-s", SUBNET_FILE])).status === 0,
        {
          limitSeconds: 900,
          pauseMs: 500,
          describe: () => `flanneld of ${node.name} writes no ${SUBNET_FILE}`,
        },
      );
    },
    conflist: () => ({
      name: "cbr0",
      cniVersion: "0.3.1",
      plugins: [
        {
          type: "flannel",
          delegate: { hairpinMode: true, isDefaultGateway: true },
        },
        PORTMAP,
      ],
    }),
    podCidr: async (node, kubectl) => {
      const { spec } = await kubectl.get("node", node.name);
      return String(spec.podCIDR);
    },
  };
}

/** Where a node is, and which pods it has. */
export interface Lease {
  readonly address: string;
  /** A CIDR. */
  readonly pods: string;
}

/** What needs no daemon: the reference plugin bridge, which masquerades, and routes as an admin writes them. @param leases by node */
export function bridge(leases: ReadonlyMap<string, Lease>): Base {
  const podsOf = ({ name }: Node): string => leases.get(name)?.pods ?? "";
  return {
    cni: "other",
    prepare: () => Promise.resolve(),
    start: async (node) => {
      for (const [name, { address, pods }] of leases)
        if (name !== node.name)
          await node.run(["ip", "route", "add", pods, "via", address]);
    },
    conflist: (node) => ({
      name: "pods",
      cniVersion: "1.0.0",
      plugins: [
        {
          type: "bridge",
          bridge: "cni0",
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: {
            type: "host-local",
            ranges: [[{ subnet: podsOf(node) }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
      ],
    }),
    podCidr: (node) => Promise.resolve(podsOf(node)),
  };
}

/** A Calico pool a node, so that what a node's pods may have is known before there are any. */
export interface CalicoOptions {
  /** Of the programs and the definitions. */
  readonly folder: string;
  /** By node. */
  readonly pools: Readonly<Record<string, string>>;
  /** How often Felix looks after its rules and routes. */
  readonly resyncSeconds: number;
  /** What Felix writes its rules with. */
  readonly iptables: "Legacy" | "NFT";
}

/** Calico with VXLAN between its nodes, and Felix. */
export function calico(options: CalicoOptions): Base {
  const { folder, pools } = options;
  return {
    cni: "calico",
    prepare: async (kubectl) => {
      await kubectl.apply(`${folder}/calico-crds.yaml`);
      await kubectl.run(
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "crd",
        "ippools.crd.projectcalico.org",
      );
      await kubectl.apply(
        Object.entries(pools).map(([node, cidr]) => pool(node, cidr)),
      );
    },
    start: (node) => startCalico(node, options),
    conflist: (node) => ({
      name: "k8s-pod-network",
      cniVersion: "0.3.1",
      plugins: [
        {
          type: "calico",
          log_file_path: "/var/log/calico/cni.log",
          datastore_type: "kubernetes",
          nodename: node.name,
          mtu: 1450,
          ipam: { type: "calico-ipam" },
          policy: { type: "k8s" },
          kubernetes: { kubeconfig: kubeconfigOf(node) },
        },
        { ...PORTMAP, snat: true },
      ],
    }),
    podCidr: (node) => Promise.resolve(pools[node.name] ?? ""),
  };
}

function pool(node: string, cidr: string) {
  return {
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPPool",
    metadata: { name: node },
    spec: {
      cidr,
      blockSize: 26,
      ipipMode: "Never",
      vxlanMode: "Always",
      natOutgoing: true,
      nodeSelector: `kubernetes.io/hostname == '${node}'`,
      allowedUses: ["Workload", "Tunnel"],
    },
  };
}

/** What calico/node's container runs: its start-up, the tunnel's address, then Felix. */
async function startCalico(node: Node, options: CalicoOptions): Promise<void> {
  const { folder } = options;
  const once = {
    ...storeOf(node),
    IP: `${node.address}/24`,
    NO_DEFAULT_POOLS: "true",
    CALICO_NETWORKING_BACKEND: "vxlan",
    CLUSTER_TYPE: "k8s",
  };
  const words = Object.entries(once).map(([key, value]) => `${key}=${value}`);
  await startUp(node, ["env", ...words, `${folder}/calico-node`, "-startup"]);
  await node.run([
    "env",
    ...words,
    "CALICO_MANAGE_CNI=false",
    `${folder}/calico-node`,
    "-allocate-tunnel-addrs",
    "-allocate-tunnel-addrs-run-once",
  ]);
  await startFelix(node, options);
}

/** It ends where the kubelet has written the same Node meanwhile, and its DaemonSet would start it again. */
async function startUp(node: Node, command: readonly string[]): Promise<void> {
  const isDone = async () => {
    const { status, stdout, stderr } = await node.try(command);
    const said = stdout + stderr;
    if (status === 0 || said.includes("update conflict")) return status === 0;
    throw new Error(`Calico does not start on ${node.name}: ${said}`);
  };
  await until(isDone, {
    limitSeconds: 300,
    pauseMs: 300,
    describe: () => `Calico and the kubelet of ${node.name} write one Node`,
  });
}

/** Starts Felix, which writes its rules with one of its backends. */
export async function startFelix(
  node: Node,
  { folder, iptables, resyncSeconds }: Omit<CalicoOptions, "pools">,
): Promise<void> {
  await node.start({
    name: "felix",
    command: [`${folder}/calico-node`, "-felix"],
    environment: {
      ...storeOf(node),
      FELIX_DATASTORETYPE: "kubernetes",
      FELIX_FELIXHOSTNAME: node.name,
      FELIX_VXLANENABLED: "true",
      FELIX_DEFAULTENDPOINTTOHOSTACTION: "ACCEPT",
      FELIX_USAGEREPORTINGENABLED: "false",
      FELIX_IPTABLESBACKEND: iptables,
      FELIX_IPTABLESREFRESHINTERVAL: `${resyncSeconds}`,
      FELIX_ROUTEREFRESHINTERVAL: `${resyncSeconds}`,
    },
  });
}

function storeOf(node: Node) {
  return {
    DATASTORE_TYPE: "kubernetes",
    KUBECONFIG: kubeconfigOf(node),
    NODENAME: node.name,
  };
}
