import { until } from "../../support/until.ts";
import { kubeconfigOf } from "./kubelet.ts";
import type { Node } from "./node.ts";

/** What kube-proxy makes services of. */
export type ProxyMode = "iptables" | "nftables" | "ipvs";

/** Which of a node's tools shows that a service is there, by its address. */
const SHOWN: Readonly<Record<ProxyMode, readonly string[]>> = {
  iptables: ["iptables-save", "-t", "nat"],
  nftables: ["nft", "list", "table", "ip", "kube-proxy"],
  ipvs: ["cat", "/proc/net/ip_vs"],
};

/** What it is told, and what it shall have found. */
export interface ProxyWords {
  /** The cluster's pod CIDR. */
  readonly pods: string;
  /** The address of the service that it waits for. */
  readonly service: string;
  /** The CIDRs of the node's addresses at which NodePorts are; the mode's default unless said. */
  readonly nodePorts?: string;
}

/** Starts a node's kube-proxy in a mode, where none runs, and waits until a service is there. */
export async function startKubeProxy(
  node: Node,
  mode: ProxyMode,
  { pods, service, nodePorts }: ProxyWords,
): Promise<void> {
  await node.start({
    name: "kube-proxy",
    command: [
      "kube-proxy",
      ...["--kubeconfig", kubeconfigOf(node), "--proxy-mode", mode],
      ...["--hostname-override", node.name, "--cluster-cidr", pods],
      ...(nodePorts === undefined ? [] : ["--nodeport-addresses", nodePorts]),
      "--conntrack-max-per-core=0",
    ],
  });
  const shown = mode === "ipvs" ? hexadecimal(service) : service;
  await until(
    async () => (await node.try(SHOWN[mode])).stdout.includes(shown),
    {
      limitSeconds: 900,
      // Emulated, the tools above are most of what a processor does that asks them each second.
      pauseMs: 3000,
      describe: () =>
        `kube-proxy of ${node.name} makes nothing of ${service} in mode ${mode}`,
    },
  );
}

/** Ends a node's kube-proxy, with all that it has made. */
export async function stopKubeProxy(node: Node): Promise<void> {
  await node.stop("kube-proxy");
  await node.run(["kube-proxy", "--cleanup"]);
}

/** As /proc/net/ip_vs has addresses. */
function hexadecimal(address: string): string {
  return Buffer.from(address.split(".").map(Number))
    .toString("hex")
    .toUpperCase();
}
