import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { binary } from "../../support/binary.ts";
import { sample, scrape } from "../../support/agent/scrape.ts";
import { until } from "../../support/until.ts";
import { linkOffice } from "../../support/node-site.ts";
import { oneKey } from "../../support/node-files.ts";

let site: AgentSite;
let socket: string;

beforeEach(() => {
  site = agentSite();
  socket = join(dirname(site.socket), "metrics.sock");
  site.writeKeyring(oneKey());
  linkOffice(site);
});

afterEach(() => {
  site[Symbol.dispose]();
});

async function value(series: string): Promise<number | undefined> {
  return sample((await scrape(socket)).text, series);
}

describe("the agent's metrics", () => {
  it("count calls by their outcome, repairs, and what the kernel counts", async () => {
    await using agent = await site.startAgent({
      options: ["--metrics", socket],
    });
    await until(() => agent.log().includes("metrics are served"));
    await site.launch(site.alone, "DEL", { containerId: "gone" });
    await site.launch(site.alone, "STATUS", { config: { snatt: "off" } });
    expect(
      await value(
        'crosslink_cni_calls_total{program="crosslink",command="DEL",code="0"}',
      ),
    ).toBe(1);
    expect(
      await value(
        'crosslink_cni_calls_total{program="crosslink",command="STATUS",code="7"}',
      ),
    ).toBe(1);
    const kinds = 'crosslink_repairs_total{kind="sysctl"}';
    const before = (await value(kinds)) ?? 0;
    site.node.shell("echo 0 > /proc/sys/net/ipv4/ip_forward");
    await until(async () => ((await value(kinds)) ?? 0) > before);
    site.writeCluster("far", {
      podCIDRs: ["10.9.0.0/16"],
      nodes: [{ name: "far1", ips: ["172.17.1.9"] }],
    });
    const peer = 'cluster="far",peer="far1",endpoint="172.17.1.9"';
    await until(async () => (await scrape(socket)).text.includes(peer));
    const { text } = await scrape(socket);
    for (const line of site.node
      .exec("cat", "/proc/net/xfrm_stat")
      .trim()
      .split("\n")) {
      const [counter = "", count] = line.split(/\s+/);
      expect(
        sample(text, `crosslink_xfrm_errors_total{counter="${counter}"}`),
      ).toBe(Number(count));
    }
    expect(text).not.toContain(Buffer.alloc(8, 0x5a).toString("hex"));
  });

  it("are for root alone, at one path, and outlive an agent that was killed", async () => {
    const options = ["--metrics", socket];
    await (await site.startAgent({ options }))[Symbol.asyncDispose]();
    await using agent = await site.startAgent({ options });
    await until(() => agent.log().includes("metrics are served"));
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await scrape(socket)).toMatchObject({ status: 200 });
    expect(await scrape(socket, "/")).toMatchObject({ status: 404 });
    agent.process.kill("SIGTERM");
    expect(await agent.ended).toBe(0);
  });

  it("are beside the agent's socket, unless it is told otherwise; a probe ends with 1 where nobody answers", async () => {
    const probe = () =>
      spawnSync(binary, ["agent", "--probe", "--socket", site.socket]).status;
    {
      await using agent = await site.startAgent();
      await until(() => agent.log().includes("metrics are served"));
      expect(statSync(socket).mode & 0o777).toBe(0o600);
      expect(await scrape(socket)).toMatchObject({ status: 200 });
      expect(probe()).toBe(0);
      agent.process.kill("SIGSTOP");
      expect(probe()).toBe(1);
    }
    expect(probe()).toBe(1);
    await using off = await site.startAgent({ options: ["--metrics", "off"] });
    expect(off.log()).not.toContain("metrics");
    expect(probe()).toBe(1);
  });

  it("are no reason to end where they cannot be served", async () => {
    await using agent = await site.startAgent({
      options: ["--metrics", "/nowhere/metrics.sock"],
    });
    await until(() => agent.log().includes("Cannot serve metrics"));
    const ended = await site.launch(site.alone, "DEL", { containerId: "gone" });
    expect(ended).toMatchObject({ status: 0 });
  });
});
