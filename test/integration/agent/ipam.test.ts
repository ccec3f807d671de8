import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { linkOffice } from "../../support/node-site.ts";

let site: AgentSite;

beforeEach(() => {
  site = agentSite();
  linkOffice(site);
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** What crosslink-ipam answers to ADD through the agent, for a range of 10.0.0.0/24. */
async function add(containerId: string): Promise<Record<string, unknown>> {
  const { stdout } = await site.launch(site.alone, "ADD", {
    program: "crosslink-ipam",
    containerId,
    environment: { CNI_NETNS: "/proc/self/ns/net" },
    config: {
      ipam: {
        type: "crosslink-ipam",
        dataDir: join(site.folder, "addresses"),
        ranges: [[{ subnet: "10.0.0.0/24" }]],
        clustersDir: site.clustersDir,
        node: "node1",
      },
    },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("crosslink-ipam behind an agent that knows the cluster files", () => {
  it("judges by the files as they are at that moment", async () => {
    await using stack = new AsyncDisposableStack();
    stack.use(await site.startAgent());
    expect(await add("c1")).toMatchObject({
      ips: [{ address: "10.0.0.2/24" }],
    });
    site.writeCluster("rival", {
      encryption: "none",
      podCIDRs: ["10.0.0.128/25"],
      nodes: [{ name: "rival1", ips: ["172.17.1.9"] }],
    });
    expect(await add("c2")).toMatchObject({
      code: 7,
      msg: expect.stringContaining("10.0.0.128/25") as string,
    });
    rmSync(join(site.clustersDir, "rival.json"));
    expect(await add("c2")).toMatchObject({
      ips: [{ address: "10.0.0.3/24" }],
    });
    site.writeCluster("office", {
      encryption: "none",
      podCIDRs: ["192.168.7.0/24"],
      nodes: [{ name: "router", ips: ["10.0.0.4"] }],
    });
    // A node's address is given to no pod.
    expect(await add("c3")).toMatchObject({
      ips: [{ address: "10.0.0.5/24" }],
    });
  });
});
