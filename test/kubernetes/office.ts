import type { Cluster } from "./cluster.ts";
import type { Node } from "./node/node.ts";
import type { Stage } from "./stage/stage.ts";

/** A host of the office. */
export const OFFICE_HOST = "192.168.50.1";

/** Its router, on the internet. */
const ROUTER = "203.0.113.50";

const SCRIPT = `
  ip netns add office
  ip -n office link set lo up
  ip -n office link add eth0 type veth peer name office netns $$
  ip link set office master internet up
  ip -n office addr add ${ROUTER}/24 dev eth0
  ip -n office addr add ${OFFICE_HOST}/24 dev lo
  ip -n office link set eth0 up
  ip netns exec office sysctl -qw net.ipv4.ip_forward=1`;

/** Makes a plain network behind a router that knows the way to every node's pods. */
export async function openOffice(
  stage: Stage,
  clusters: readonly Cluster[],
): Promise<void> {
  const ways = clusters.flatMap(({ base, kubectl, nodes }) =>
    nodes.map(
      async (node) =>
        `ip -n office route add ${await base.podCidr(node, kubectl)} via ${node.address}`,
    ),
  );
  const script = [SCRIPT, ...(await Promise.all(ways))].join("\n");
  await stage.run(["bash", "-ec", script]);
}

/** What its cluster file says. */
export function officeFile() {
  return {
    name: "office",
    encryption: "none",
    podCIDRs: ["192.168.50.0/24"],
    nodes: [{ name: "office-router", ips: [ROUTER] }],
  };
}

/** Runs a program in the office; what it printed. */
export function inOffice(
  stage: Stage,
  command: readonly string[],
): Promise<string> {
  return stage.run(["ip", "netns", "exec", "office", ...command]);
}

/** Has the office's hosts find services, and a node's ports, by way of that node; with the host's own address. */
export async function officeFinds(
  stage: Stage,
  services: string,
  node: Pick<Node, "address">,
): Promise<void> {
  const by = ["src", OFFICE_HOST];
  for (const way of [
    [services, "via", node.address],
    [node.address, "dev", "eth0"],
  ])
    await stage.run(["ip", "-n", "office", "route", "replace", ...way, ...by]);
}
