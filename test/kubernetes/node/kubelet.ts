import { until } from "../../support/until.ts";
import { importImage } from "../images.ts";
import type { Node } from "./node.ts";

const SOCKET = "/run/containerd/containerd.sock";

/** Where a node's kubeconfig is. */
export function kubeconfigOf(node: Pick<Node, "name">): string {
  return `/nodes/${node.name}/kubeconfig`;
}

/** Starts the containerd that a node's path has, Debian's or the second, and gives it images from archives where it has none. */
export async function startContainerd(
  node: Node,
  images: readonly string[],
): Promise<void> {
  await node.write("/etc/cni/containerd.toml", CONTAINERD);
  await node.start({
    name: "containerd",
    command: ["containerd", "--config", "/etc/cni/containerd.toml"],
  });
  await until(async () => (await node.try(["ctr", "version"])).status === 0, {
    limitSeconds: 900,
    pauseMs: 500,
    describe: () => `containerd of ${node.name} does not answer`,
  });
  for (const image of images) await importImage(node, image);
}

/** Without a runtime it ends; after a reboot all start at once, and systemd would start it again. */
const ONCE_SERVED = `until [ -S ${SOCKET} ]; do sleep 0.1; done; exec "$@"`;

/** Starts a node's kubelet. */
export async function startKubelet(node: Node): Promise<void> {
  await node.write("/var/lib/kubelet/config.yaml", KUBELET);
  await node.start({
    name: "kubelet",
    command: [
      ...["bash", "-c", ONCE_SERVED, "bash", "kubelet"],
      ...[
        "--config",
        "/var/lib/kubelet/config.yaml",
        "--kubeconfig",
        kubeconfigOf(node),
      ],
      ...["--hostname-override", node.name, "--node-ip", node.address, "--v=2"],
      // Statistics of control groups, which nobody reads here.
      "--housekeeping-interval=60s",
    ],
  });
}

/** The scores of the guest's processes may be lowered, those of the machine's where it runs there may not. */
const CONTAINERD = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
`;

/** Less what a node in namespaces has not: a disk to measure, and a control group that it may limit. */
const KUBELET = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupsPerQOS: false
failSwapOn: false
failCgroupV1: false
containerRuntimeEndpoint: unix://${SOCKET}
evictionHard: {memory.available: "10Mi", nodefs.available: "1%", imagefs.available: "1%"}
localStorageCapacityIsolation: false
enforceNodeAllocatable: []
runtimeRequestTimeout: 15m
nodeStatusUpdateFrequency: 30s
registerWithTaints: []
`;
