import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nodeSite } from "../../support/node-site.ts";

const crosslink = new URL("../../../dist/crosslink", import.meta.url).pathname;

it("needs no iptables where nf_tables serves: no program is started beside it", () => {
  using site = nodeSite();
  site.node.shell(
    "iptables-nft -t nat -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE",
  );
  site.writeCluster("own", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("office", {
    encryption: "none",
    podCIDRs: ["192.168.7.0/24"],
    nodes: [{ name: "router", ips: ["172.17.1.1"] }],
  });
  const trace = join(site.folder, "programs");
  site.node.exec(
    ...["strace", "-f", "-qq", "-e", "trace=execve", "-o", trace],
    ...["env", "-i", "PATH=/nowhere"],
    ...[crosslink, "apply", "--node", "node1", "--clusters", site.clustersDir],
  );
  expect(
    site.node.exec("iptables-nft", "-t", "nat", "-S", "POSTROUTING"),
  ).toMatch(/--comment crosslink -j RETURN[^]*-j MASQUERADE/);
  const started = readFileSync(trace, "utf8").match(/execve\("[^"]*"/g) ?? [];
  expect(started.filter((call) => !call.includes("/env"))).toEqual([
    `execve("${crosslink}"`,
  ]);
});
