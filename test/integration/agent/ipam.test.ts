import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { namespace } from "../../support/namespace.ts";
import { linkOffice } from "../../support/node-site.ts";

let site: AgentSite;

beforeEach(() => {
  site = agentSite();
  linkOffice(site);
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** What crosslink-ipam answers to ADD through the agent. */
async function add(
  containerId: string,
  {
    folder = site.alone,
    subnet = "10.0.0.0/24",
    netns = "/proc/self/ns/net",
  } = {},
): Promise<Record<string, unknown>> {
  const { stdout } = await site.launch(folder, "ADD", {
    program: "crosslink-ipam",
    containerId,
    environment: { CNI_NETNS: netns },
    config: {
      ipam: {
        type: "crosslink-ipam",
        dataDir: join(site.folder, "addresses"),
        ranges: [[{ subnet }]],
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

/** As in a container: the node's namespaces have no names there. */
const BLIND = [
  ...["unshare", "--mount", "--propagation", "private", "sh", "-ec"],
  'mount -t tmpfs none /run/netns; exec "$@"',
  "sh",
];

describe("crosslink-ipam behind an agent that does not see the node's namespaces", () => {
  it("frees what a pod left that is gone, and never what one has that lives", async () => {
    await using stack = new AsyncDisposableStack();
    const first = stack.use(namespace());
    const second = stack.use(namespace());
    // One address beside the gateway's.
    const one = { folder: site.whole, subnet: "10.0.0.0/30" };
    const given = { ips: [{ address: "10.0.0.2/30" }] };
    expect(await add("a", { ...one, netns: first.path })).toMatchObject(given);
    const agent = stack.use(await site.startAgent({ within: BLIND }));
    const pod = { ...one, netns: second.path };
    expect(await add("b", pod)).toMatchObject({ code: 50 });
    expect(agent.log()).toContain("no address is free");
    first[Symbol.dispose]();
    expect(await add("b", pod)).toMatchObject(given);
    expect(await add("c", pod)).toMatchObject({ code: 50 });
  });
});
