import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { sample, scrape } from "../../support/agent/scrape.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import { until } from "../../support/until.ts";
import { oneKey } from "../../support/node-files.ts";

let site: AgentSite;
let pod: Namespace;
let socket: string;

beforeEach(() => {
  site = agentSite();
  pod = namespace();
  connect(site.node, "pod0", pod, "eth0");
  socket = join(dirname(site.socket), "metrics.sock");
  site.writeKeyring(oneKey());
  site.writeCluster("own", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("far", {
    podCIDRs: ["10.9.0.0/16"],
    nodes: [{ name: "far1", ips: ["172.17.1.9"] }],
  });
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

async function open(kind: string): Promise<number | undefined> {
  const series = `crosslink_bypass{kind="${kind}",severity="open"}`;
  return sample((await scrape(socket)).text, series);
}

describe("the agent", () => {
  it("tells of a bypass once, counts it, and tells when it is gone", async () => {
    await using agent = await site.startAgent({
      options: ["--metrics", socket],
    });
    await until(() => agent.log().includes("metrics are served"));
    expect(agent.log()).not.toContain('"bypass"');
    const policy = "src 0.0.0.0/0 dst 10.0.0.0/8 dir out";
    site.node.shell(`ip xfrm policy add ${policy} action allow priority 3
      tc qdisc add dev pod0 clsact
      tc filter add dev pod0 ingress u32 match u32 0 0 action mirred egress redirect dev eth0`);
    await until(async () => (await open("redirect")) === 1);
    expect(await open("policy")).toBe(1);
    const told = agent
      .log()
      .split("\n")
      .filter((line) => line.includes('"bypass":"policy"'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? "")).toMatchObject({
      level: "error",
      severity: "open",
      msg: expect.stringContaining("10.9.0.0/16") as string,
    });
    site.node.shell(`ip xfrm policy delete ${policy}
      tc qdisc del dev pod0 clsact`);
    await until(() => agent.log().includes('"msg":"no more"'));
    await until(async () => (await open("policy")) === undefined);
  }, 120_000);
});
