import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporary } from "../../support/ipam/call.ts";
import { namespace } from "../../support/namespace.ts";

const program = new URL("../../../dist/crosslink-ipam", import.meta.url)
  .pathname;

/** What a base CNI leaves on a node, in a /run that is the program's own. */
const traces = {
  flannel:
    "mkdir /run/flannel; echo FLANNEL_SUBNET=10.244.3.1/24 > /run/flannel/subnet.env",
  calico: "ip route add blackhole 10.244.3.64/26 proto 80",
  globalrouter:
    "ip link add cbr0 type bridge; ip address add 10.244.3.1/25 dev cbr0; ip link set cbr0 up",
};

it.each([
  ["flannel", "10.244.3.2/24"],
  ["calico", "10.244.3.66/26"],
  ["globalrouter", "10.244.3.2/25"],
] as const)('takes "auto" from what %s tells of the node', (cni, expected) => {
  using folder = temporary();
  using node = namespace();
  writeCluster(folder.path, cni);
  const config = {
    cniVersion: "1.0.0",
    name: "pods",
    ipam: {
      type: "crosslink-ipam",
      subnet: "auto",
      clustersDir: join(folder.path, "clusters.d"),
      node: "n1",
      dataDir: join(folder.path, "store"),
    },
  };
  const answer = execFileSync(
    "ip",
    [
      ...["netns", "exec", node.name, "sh", "-ec"],
      `mount -t tmpfs tmpfs /run; ${traces[cni]}; exec ${program}`,
    ],
    {
      env: {
        PATH: process.env["PATH"],
        CNI_COMMAND: "ADD",
        CNI_CONTAINERID: "c1",
        CNI_NETNS: "/x",
        CNI_IFNAME: "eth0",
        CNI_PATH: "/x",
      },
      input: JSON.stringify(config),
      encoding: "utf8",
    },
  );
  expect(JSON.parse(answer)).toMatchObject({ ips: [{ address: expected }] });
});

/** Two nodes without podCIDRs of their own: with one, the cluster's would be the node's. */
function writeCluster(folder: string, cni: string): void {
  mkdirSync(join(folder, "clusters.d"), { mode: 0o755 });
  const nodes = [1, 2].map((k) => ({ name: `n${k}`, ips: [`172.16.0.${k}`] }));
  const cluster = { name: "home", cni, podCIDRs: ["10.244.0.0/16"], nodes };
  writeFileSync(
    join(folder, "clusters.d", "home.json"),
    JSON.stringify(cluster),
  );
}
