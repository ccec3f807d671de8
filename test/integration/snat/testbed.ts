import { signOf } from "../../../plugin/reconcile/sentence.ts";
import { parseCidr } from "../../../ip/cidr.ts";
import type { NetworkPair } from "../../../plugin/mesh/state.ts";
import type { Kernel } from "../../../plugin/kernel/kernel.ts";
import {
  applySnat,
  type DesiredSnat,
  observeSnat,
  planSnat,
  type SnatMode,
  type SnatPlan,
} from "../../../plugin/netfilter/snat.ts";
import { binding } from "../../support/binding.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";

/** A pod, its node, and a host in the remote pod network, which the node reaches over `eth0`. */
export interface Testbed extends Disposable {
  readonly pod: Namespace;
  readonly node: Namespace;
  readonly remote: Namespace;
  readonly kernel: Kernel;
  /** Source addresses that the remote host saw while the pod sent it one ping, as IPv4 or IPv6. */
  seenFromPod(family?: 4 | 6): string[];
  /** Source addresses that the pod saw while the remote host pinged it. */
  seenFromRemote(family?: 4 | 6): string[];
  plan(mode: SnatMode, exemptions?: DesiredSnat["exemptions"]): SnatPlan;
  /** Plans and applies; returns the plan's sentences. */
  apply(mode: SnatMode, exemptions?: DesiredSnat["exemptions"]): string[];
}

export const POD = "10.1.0.2";
export const REMOTE = "10.2.0.2";
export const POD6 = "fd00:1::2";
export const REMOTE6 = "fd00:2::2";

/** The pod network and the remote one, in both families. */
export const PAIRS = pairs(
  ["10.1.0.0/24", "10.2.0.0/20"],
  ["fd00:1::/64", "fd00:2::/52"],
);

export function pairs(
  ...texts: readonly (readonly [string, string])[]
): NetworkPair[] {
  return texts.map(([local, remote]) => ({
    local: parseCidr(local),
    remote: parseCidr(remote),
    encrypted: false,
  }));
}

export function testbed(): Testbed {
  const [pod, node, remote] = [namespace(), namespace(), namespace()];
  wire(pod, node, remote);
  watch(pod);
  watch(remote);
  const kernel: Kernel = { binding, netns: node.fd };
  const plan = (
    mode: SnatMode,
    exemptions: DesiredSnat["exemptions"] = PAIRS,
  ) => planSnat({ exemptions, mode }, observeSnat(kernel));
  return {
    pod,
    node,
    remote,
    kernel,
    seenFromPod: (family = 4) =>
      seen(pod, remote, family, family === 4 ? REMOTE : REMOTE6),
    seenFromRemote: (family = 4) =>
      seen(remote, pod, family, family === 4 ? POD : POD6),
    plan,
    apply: (mode, exemptions = PAIRS) => {
      const made = plan(mode, exemptions);
      applySnat(kernel, made);
      return made.operations.map((step) => `${signOf(step)} ${step.sentence}`);
    },
    [Symbol.dispose]: () => {
      for (const ns of [pod, node, remote]) ns[Symbol.dispose]();
    },
  };
}

function wire(pod: Namespace, node: Namespace, remote: Namespace): void {
  for (const ns of [pod, node, remote])
    ns.shell("sysctl -qw net.ipv6.conf.default.accept_dad=0");
  connect(pod, "eth0", node, "veth-pod");
  connect(node, "eth0", remote, "eth0");
  pod.shell(`
    ip addr add ${POD}/24 dev eth0; ip addr add ${POD6}/64 dev eth0 nodad
    ip route add default via 10.1.0.1; ip route add default via fd00:1::1`);
  node.shell(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip addr add 10.1.0.1/24 dev veth-pod; ip addr add fd00:1::1/64 dev veth-pod nodad
    ip addr add 172.16.0.1/24 dev eth0; ip addr add fd00:16::1/64 dev eth0 nodad
    ip route add 10.2.0.0/16 via 172.16.0.2; ip route add fd00:2::/48 via fd00:16::2`);
  remote.shell(`
    ip addr add 172.16.0.2/24 dev eth0; ip addr add fd00:16::2/64 dev eth0 nodad
    ip addr add ${REMOTE}/32 dev lo; ip addr add ${REMOTE6}/128 dev lo nodad
    ip route add 10.1.0.0/24 via 172.16.0.1 src ${REMOTE}
    ip route add fd00:1::/64 via fd00:16::1 src ${REMOTE6}`);
}

// The kernel itself notes who asked: no capture that would have to be waited for.
function watch(ns: Namespace): void {
  ns.shell(`nft -f - <<'EOF'
    table inet watch {
      set seen4 { type ipv4_addr; flags dynamic; size 1000; }
      set seen6 { type ipv6_addr; flags dynamic; size 1000; }
      chain input { type filter hook input priority 0;
        icmp type echo-request add @seen4 { ip saddr }
        icmpv6 type echo-request add @seen6 { ip6 saddr }
      }
    }
EOF`);
}

function seen(
  from: Namespace,
  at: Namespace,
  family: 4 | 6,
  destination: string,
): string[] {
  at.shell("nft flush set inet watch seen4; nft flush set inet watch seen6");
  from.try("ping", "-c1", "-W1", destination);
  const listed = JSON.parse(
    at.exec("nft", "-j", "list", "set", "inet", "watch", `seen${family}`),
  ) as { nftables: { set?: { elem?: string[] } }[] };
  return listed.nftables.flatMap(({ set }) => set?.elem ?? []);
}
