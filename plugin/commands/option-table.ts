/** What `--help` says of an option. */
export interface Described {
  /** What stands for its value; none for a flag. */
  readonly value?: string;
  readonly meaning: string;
}

/** Every option that several commands share, or that has a value; a {@link Command} says which it takes. */
export const OPTIONS = {
  conflist: {
    value: "FILE",
    meaning:
      "the conflist with the crosslink entry (default: the first in /etc/cni/net.d)",
  },
  clusters: {
    value: "DIR",
    meaning: "the folder of cluster files (default: /etc/crosslink/clusters.d)",
  },
  keyring: {
    value: "FILE",
    meaning: "the keyring (default: /etc/crosslink/keyring.json)",
  },
  node: {
    value: "NAME",
    meaning:
      "which node this is (default: NODE_NAME, the host name, the addresses)",
  },
  snat: {
    value: "MODE",
    meaning: "auto, return, identity or off (default: auto)",
  },
  socket: {
    value: "FILE",
    meaning:
      "where the agent serves CNI calls (default: /run/crosslink/agent.sock)",
  },
  metrics: {
    value: "ADDRESS",
    meaning:
      "where the agent serves Prometheus metrics: a socket's path, 127.0.0.1:PORT or off (default: metrics.sock beside its socket)",
  },
  "runtime-endpoint": {
    value: "SOCKET",
    meaning:
      "where the runtime serves the CRI, for the agent (default: containerd's, then CRI-O's)",
  },
  root: {
    value: "DIR",
    meaning:
      "where the node's root is mounted, for install and uninstall (default: /)",
  },
  for: {
    value: "ROUTER",
    meaning:
      "ip, cisco or mikrotik, for routes; swanctl or generic where the network is reached by IKE (default: the first)",
  },
  secrets: {
    value: "FILE",
    meaning:
      "for routes to a network by IKE: a new file for its pre-shared keys, root's alone",
  },
  "data-dir": {
    value: "DIR",
    meaning:
      "the folder of addresses, for ipam (default: /var/lib/cni/networks)",
  },
  kubeconfig: {
    value: "FILE",
    meaning:
      "how to reach the Kubernetes API; join takes two, of the clusters that are to be joined (default: as a pod does, else KUBECONFIG, else ~/.kube/config)",
  },
  server: {
    value: "URL",
    meaning:
      "this cluster's API server as the other's pods reach it (default: the kubeconfig's)",
  },
  "cluster-pod-cidrs": {
    value: "CIDRS",
    meaning:
      "what an invited or imported cluster may claim, separated by commas: its pods' networks, and its services' to be reached; for join its own pods'",
  },
  cni: {
    value: "CNI",
    meaning:
      "for join: calico, flannel, globalrouter or other, where this cluster's pods have their addresses from",
  },
  "default-nic": {
    value: "NIC",
    meaning: "for join, as kosmosctl has it; it is not needed",
  },
  "ip-family": {
    value: "FAMILY",
    meaning: "for join: ipv4, ipv6 or all, of this cluster's pods",
  },
  "network-type": {
    value: "TYPE",
    meaning:
      "for join: p2p, or gateway where only this cluster's gateways are to have tunnels",
  },
  "node-elasticip": {
    value: "NODE=ADDRESS,…",
    meaning: "for join: public addresses of this cluster's nodes",
  },
  settle: {
    value: "SECONDS",
    meaning:
      "how long the nodes of both clusters have for each step of rotate (default: 180)",
  },
  output: {
    value: "FORMAT",
    meaning: "yaml, for install --kubernetes",
  },
  name: {
    value: "CLUSTER",
    meaning: "what this cluster is called",
  },
  image: {
    value: "IMAGE",
    meaning:
      "crosslink's image in your registry, for install --kubernetes (default: crosslink:0.1.0)",
  },
  json: { meaning: "answer in JSON" },
} as const satisfies Readonly<Record<string, Described>>;

/** The name of an option of the table, without dashes. */
export type OptionName = keyof typeof OPTIONS;

/** The files of a mesh and this node's place in it. */
export const NODE_OPTIONS = [
  "conflist",
  "clusters",
  "keyring",
  "node",
  "snat",
] as const satisfies readonly OptionName[];
