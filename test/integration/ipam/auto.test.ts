import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporary } from "../../support/ipam/call.ts";
import { namespace } from "../../support/namespace.ts";
import { cniEnvironment } from "../../support/binary.ts";
import { nodeFiles, type NodeFiles } from "../../support/node-files.ts";

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
  const files = nodeFiles(folder.path);
  writeCluster(files, cni);
  const config = {
    cniVersion: "1.0.0",
    name: "pods",
    ipam: {
      type: "crosslink-ipam",
      subnet: "auto",
      clustersDir: files.clustersDir,
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
      env: { PATH: process.env["PATH"], ...cniEnvironment("ADD") },
      input: JSON.stringify(config),
      encoding: "utf8",
    },
  );
  expect(JSON.parse(answer)).toMatchObject({ ips: [{ address: expected }] });
});

/** Two nodes without podCIDRs of their own: with one, the cluster's would be the node's. */
function writeCluster(files: NodeFiles, cni: string): void {
  const nodes = [1, 2].map((k) => ({ name: `n${k}`, ips: [`172.16.0.${k}`] }));
  files.writeCluster("home", { cni, podCIDRs: ["10.244.0.0/16"], nodes });
}
