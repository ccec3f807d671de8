import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { binary } from "../../support/binary.ts";
import { linkOffice, nodeSite } from "../../support/node-site.ts";

it("needs no iptables where nf_tables serves: no program is started beside it", () => {
  using site = nodeSite();
  site.node.shell(
    "iptables-nft -t nat -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE",
  );
  linkOffice(site);
  const trace = join(site.folder, "programs");
  site.node.exec(
    ...["strace", "-f", "-qq", "-e", "trace=execve", "-o", trace],
    ...["env", "-i", "PATH=/nowhere"],
    ...[binary, "apply", "--node", "node1", "--clusters", site.clustersDir],
  );
  expect(
    site.node.exec("iptables-nft", "-t", "nat", "-S", "POSTROUTING"),
  ).toMatch(/--comment crosslink -j RETURN[^]*-j MASQUERADE/);
  const started = readFileSync(trace, "utf8").match(/execve\("[^"]*"/g) ?? [];
  expect(started.filter((call) => !call.includes("/env"))).toEqual([
    `execve("${binary}"`,
  ]);
});
