import type { Bypass } from "../../plugin/bypass/bypass.ts";
import { runCommandLine } from "../../plugin/commands/main.ts";
import { binding } from "./binding.ts";
import { connect, type Namespace, namespace } from "./namespace.ts";
import { type CallOutcome, type NodeSite, nodeSite } from "./node-site.ts";
import { oneKey, ownFiles } from "./node-files.ts";

/** A linked node with a pod, and the outside: whatever answers there got the packet in clear text. */
export interface BypassSite extends Disposable {
  readonly site: NodeSite;
  readonly node: Namespace;
  readonly pod: Namespace;
  /** Holds the uplink's other end, 172.17.1.1, and 10.0.1.5, an address of the remote cluster. */
  readonly outside: Namespace;
  /** Runs a command line; returns what it printed, whatever the exit code. */
  command(...words: readonly string[]): string;
  /** What `plan --json` and `status --json` say, which has to be the same. */
  bypasses(): readonly Bypass[];
  status(): CallOutcome;
  /** How many packets of the pod come out for remote pods while it sends some. */
  leaked(): number;
  /** How many packets reach the pod that somebody outside sends as a remote pod. */
  intruded(): number;
}

const COUNTER = `
  nft -f - <<'END'
  table inet count {
    chain prerouting {
      type filter hook prerouting priority -300
      ip saddr 10.0.0.7 ip daddr 10.0.1.0/24 counter
      ip saddr 10.0.1.0/24 ip daddr 10.0.0.7 counter
    }
  }
END`;

/** Makes it: policies that block stand, and nothing else keeps a packet from leaving (the kernel may have no ESP). */
export function bypassSite(): BypassSite {
  const site = nodeSite();
  const { node } = site;
  const [pod, outside] = [namespace(), namespace()];
  connect(node, "pod0", pod, "eth0");
  connect(node, "eth1", outside, "eth0");
  node.shell(`ip addr flush dev eth0; ip addr add 172.17.1.2/24 dev eth1
    ip route add default via 172.17.1.1; ip addr add 10.0.0.1/24 dev pod0
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0`);
  pod.shell(
    "ip addr add 10.0.0.7/24 dev eth0; ip route add default via 10.0.0.1",
  );
  outside.shell(`ip addr add 172.17.1.1/24 dev eth0
    ip addr add 10.0.1.5/32 dev lo; ip route add 10.0.0.0/24 via 172.17.1.2`);
  for (const place of [pod, outside]) place.shell(COUNTER);
  site.writeCluster("a", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("b", {
    podCIDRs: ["10.0.1.0/24"],
    nodes: [{ name: "node2", ips: ["172.17.2.2"] }],
  });
  site.writeKeyring(oneKey());
  const command = (...words: readonly string[]) => crosslink(site, words);
  command("apply");
  return {
    site,
    node,
    pod,
    outside,
    command,
    bypasses: () => bypassesOf(command),
    status: () => site.call("STATUS"),
    leaked: () => sending(pod, "10.0.1.5", outside),
    intruded: () => sending(outside, "-I 10.0.1.5 10.0.0.7", pod),
    [Symbol.dispose]: () => {
      for (const place of [pod, outside]) place[Symbol.dispose]();
      site[Symbol.dispose]();
    },
  };
}

function bypassesOf(command: BypassSite["command"]): readonly Bypass[] {
  const [plan, status] = ["plan", "status"].map((word) => {
    const printed = command(word, "--json");
    if (!printed.startsWith("{")) throw new Error(printed);
    const { bypasses } = JSON.parse(printed) as {
      bypasses: readonly Bypass[];
    };
    return bypasses;
  });
  if (JSON.stringify(plan) !== JSON.stringify(status))
    throw new Error("plan and status name different bypasses");
  return plan ?? [];
}

/** Three echo requests; returns how many of them another namespace sees. */
function sending(from: Namespace, to: string, at: Namespace): number {
  const before = counted(at);
  from.try("sh", "-c", `ping -n -c 3 -i 0.01 -W 0.3 ${to}`);
  return counted(at) - before;
}

function counted(place: Namespace): number {
  const text = place.exec("nft", "list", "table", "inet", "count");
  return [...text.matchAll(/packets (\d+)/g)].reduce(
    (sum, [, packets]) => sum + Number(packets),
    0,
  );
}

function crosslink(site: NodeSite, words: readonly string[]): string {
  const printed: string[] = [];
  const write = (text: string): void => {
    printed.push(text);
  };
  runCommandLine([...words, ...ownFiles(words[0], site, "node1")], {
    kernel: () => ({ binding, netns: site.node.fd }),
    host: { nodeName: undefined, hostName: "none" },
    writeStdout: write,
    writeStderr: write,
  });
  return printed.join("");
}
