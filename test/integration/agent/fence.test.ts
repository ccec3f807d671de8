import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type AgentSite,
  agentSite,
  type RunningAgent,
} from "../../support/agent/site.ts";
import { until } from "../../support/until.ts";

/** Nothing that others remember, and nothing for others. */
const ownState = (folder: string) => [
  ...["unshare", "--mount", "sh", "-ec"],
  `mkdir -p /var/lib/crosslink; mount --bind ${folder} /var/lib/crosslink; exec "$@"`,
  "sh",
];

let site: AgentSite;
let agent: RunningAgent;
let state: string;

beforeEach(async () => {
  site = agentSite();
  state = mkdtempSync(join(tmpdir(), "crosslink-state-"));
  putFiles("first", { b: "10.1.0.0/16" });
  // There is no keyring: every look ends in that error, once the fence stands.
  agent = await site.startAgent({ within: ownState(state) });
  await fenced("10.1.0.0/16");
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  site[Symbol.dispose]();
  rmSync(state, { recursive: true });
});

/** As the kubelet mounts a ConfigMap: a file is a link into `..data`, which is a link to a folder that is replaced as a whole. */
function putFiles(version: string, clusters: Record<string, string>): void {
  const folder = site.clustersDir;
  mkdirSync(join(folder, `..${version}`));
  const files = {
    own: {
      podCIDRs: ["10.0.0.0/24"],
      nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
    },
    ...Object.fromEntries(
      Object.entries(clusters).map(([name, cidr], index) => [
        name,
        {
          podCIDRs: [cidr],
          nodes: [{ name: "far", ips: [`172.17.${String(index + 2)}.2`] }],
        },
      ]),
    ),
  };
  for (const [name, cluster] of Object.entries(files))
    writeFileSync(
      join(folder, `..${version}`, `${name}.json`),
      JSON.stringify({ name, ...cluster }),
    );
  symlinkSync(`..${version}`, join(folder, "..next"));
  renameSync(join(folder, "..next"), join(folder, "..data"));
  for (const name of Object.keys(files)) {
    rmSync(join(folder, `${name}.json`), { force: true });
    symlinkSync(`..data/${name}.json`, join(folder, `${name}.json`));
  }
}

/** Waits until both layers name these CIDRs. */
async function fenced(...cidrs: string[]): Promise<void> {
  const layers = (): string[] => [
    site.node.exec("ip", "xfrm", "policy"),
    site.node.try("nft", "list", "table", "inet", "crosslink").stdout,
  ];
  await until(
    () => layers().every((text) => cidrs.every((cidr) => text.includes(cidr))),
    { describe: () => `${layers().join("\n")}\n${agent.log()}` },
  );
}

it.each([
  ["the policies", "ip xfrm policy flush"],
  ["the rules", "nft delete table inet crosslink"],
  ["one rule", "nft flush chain inet crosslink postrouting"],
  ["both layers", "ip xfrm policy flush; nft flush ruleset"],
])("puts back %s, with no keyring to go on with", async (_, damage) => {
  site.node.shell(damage);
  await fenced("10.1.0.0/16");
  await until(() =>
    site.node
      .try("nft", "list", "chain", "inet", "crosslink", "postrouting")
      .stdout.includes("rt ipsec missing"),
  );
});

it("follows a ConfigMap, and keeps what it said while it is gone", async () => {
  putFiles("second", { b: "10.1.0.0/16", c: "10.2.0.0/16" });
  await fenced("10.1.0.0/16", "10.2.0.0/16");
  rmSync(join(site.clustersDir, "..data"));
  site.node.shell("ip xfrm policy flush; nft flush ruleset");
  await fenced("10.1.0.0/16", "10.2.0.0/16");
  putFiles("third", { b: "10.1.0.0/16" });
  site.node.shell("ip xfrm policy flush; nft flush ruleset");
  await fenced("10.1.0.0/16", "10.2.0.0/16");
  expect(agent.log()).toContain("keyring");
});

it("raises what it remembers before it opens a cluster file", async () => {
  await agent[Symbol.asyncDispose]();
  site.node.shell("ip xfrm policy flush; nft flush ruleset");
  const trace = join(state, "trace");
  const strace = ["strace", "-o", trace, "-e", "trace=openat,sendto"];
  agent = await site.startAgent({ within: [...ownState(state), ...strace] });
  const calls = readFileSync(trace, "utf8").split("\n");
  const raised = calls.findIndex((call) => call.includes("XFRM_MSG_NEWPOLICY"));
  const opened = calls.findIndex((call) => call.includes("clusters.d/"));
  expect(raised).toBeGreaterThan(0);
  expect(opened).toBeGreaterThan(raised);
  await fenced("10.1.0.0/16");
});
