import { expect, it } from "vitest";
import { parseCidr } from "../../../ip/cidr.ts";
import {
  applySnat,
  observeSnat,
  planSnat,
  type SnatMode,
} from "../../../plugin/netfilter/snat.ts";
import { binding } from "../../support/binding.ts";
import { connect, namespace, type Namespace } from "../../support/namespace.ts";

const OWN = parseCidr("10.244.0.0/16");
const GLOBAL = { a: parseCidr("100.80.0.0/16"), b: parseCidr("100.81.0.0/16") };
const MASQUERADE =
  "iptables-nft -t nat -A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE";

/** One cluster: a node, a pod at 10.244.3.7, and a path to the other, which only knows global addresses. */
function cluster(side: "a" | "b"): { node: Namespace; pod: Namespace } {
  const [node, pod] = [namespace(), namespace()];
  connect(pod, "eth0", node, "veth-pod");
  pod.shell(
    "ip addr add 10.244.3.7/24 dev eth0; ip route add default via 10.244.3.1",
  );
  node.shell(`sysctl -qw net.ipv4.ip_forward=1
    ip addr add 10.244.3.1/24 dev veth-pod
    ${side === "a" ? MASQUERADE : ""}`);
  return { node, pod };
}

it.each<SnatMode>(["auto", "off"])(
  'two clusters with the same addresses talk by their global ones, snat "%s"',
  (mode) => {
    const [a, b] = [cluster("a"), cluster("b")];
    using stack = new DisposableStack();
    for (const ns of [a.pod, a.node, b.pod, b.node]) stack.use(ns);
    connect(a.node, "wan", b.node, "wan");
    a.node.shell(
      "ip addr add 172.16.0.1/24 dev wan; ip route add 100.81.0.0/16 via 172.16.0.2",
    );
    b.node.shell(
      "ip addr add 172.16.0.2/24 dev wan; ip route add 100.80.0.0/16 via 172.16.0.1",
    );
    for (const [side, other, { node }] of [
      ["a", "b", a],
      ["b", "a", b],
    ] as const) {
      const kernel = { binding, netns: node.fd };
      const exemptions = [
        {
          local: OWN,
          remote: GLOBAL[other],
          encrypted: true,
          global: GLOBAL[side],
        },
      ];
      const plan = () => planSnat({ exemptions, mode }, observeSnat(kernel));
      applySnat(kernel, plan());
      expect(plan().operations).toEqual([]);
    }
    const seen = (at: Namespace, from: Namespace, destination: string) => {
      at.shell(`nft 'add table ip watch; add set ip watch seen { type ipv4_addr; flags dynamic; size 100; }
        add chain ip watch input { type filter hook input priority 0; }
        add rule ip watch input icmp type echo-request add @seen { ip saddr }'`);
      const ping = from.try("ping", "-c1", "-W1", destination);
      expect(ping.status).toBe(0);
      return [
        ...at
          .exec("nft", "list", "set", "ip", "watch", "seen")
          .matchAll(/\d+\.\d+\.\d+\.\d+/g),
      ].map(([text]) => text);
    };
    expect(seen(b.pod, a.pod, "100.81.3.7")).toEqual(["100.80.3.7"]);
    expect(seen(a.pod, b.pod, "100.80.3.7")).toEqual(["100.81.3.7"]);
  },
);
