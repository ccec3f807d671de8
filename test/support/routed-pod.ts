import type { runPlan } from "../../plugin/commands/plan.ts";
import { binding } from "./binding.ts";
import { connect, type Namespace, namespace } from "./namespace.ts";
import { type CallOutcome, HOST, type NodeSite } from "./node-site.ts";

/** The base plugin's result for a pod with 10.0.0.7 behind `veth0`. */
export function resultFor(pod: Namespace): object {
  return {
    cniVersion: "1.1.0",
    interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
    ips: [{ address: "10.0.0.7/32", interface: 1 }],
  };
}

/** Wires such a pod as Calico does: no gateway, no host route yet. */
export function wireRouted(site: NodeSite, pod: Namespace): void {
  connect(site.node, "veth0", pod, "eth0");
  pod.shell("ip addr add 10.0.0.7/32 dev eth0; ip route add default dev eth0");
}

/** A new pod, wired. */
export function routedPod(site: NodeSite): Namespace {
  const pod = namespace();
  wireRouted(site, pod);
  return pod;
}

/** ADD of such a pod. */
export function addPod(site: NodeSite, pod: Namespace): CallOutcome {
  return site.call("ADD", { pod, config: { prevResult: resultFor(pod) } });
}

/** What a command that only looks prints at a site. */
export function shownBy(site: NodeSite, command: typeof runPlan): string {
  const printed: string[] = [];
  command(
    {
      clusters: site.clustersDir,
      keyring: `${site.folder}/keyring.json`,
      json: false,
      flags: new Set(),
      positionals: [],
    } as never,
    {
      kernel: () => ({ binding, netns: site.node.fd }),
      host: HOST,
      writeStdout: (text: string) => printed.push(text),
    } as never,
  );
  return printed.join("");
}
