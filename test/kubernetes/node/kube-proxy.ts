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

/** Starts a node's kube-proxy in a mode, in place of one in another mode, and waits until a service is there. */
export async function startKubeProxy(
  node: Node,
  mode: ProxyMode,
  { pods, service }: { readonly pods: string; readonly service: string },
): Promise<void> {
  await stopKubeProxy(node);
  await node.start({
    name: "kube-proxy",
    command: [
      "kube-proxy",
      ...["--kubeconfig", kubeconfigOf(node), "--proxy-mode", mode],
      ...["--hostname-override", node.name, "--cluster-cidr", pods],
      "--conntrack-max-per-core=0",
    ],
  });
  const shown = mode === "ipvs" ? hexadecimal(service) : service;
  await until(
    async () => (await node.try(SHOWN[mode])).stdout.includes(shown),
    {
      limitSeconds: 300,
      pauseMs: 1000,
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
