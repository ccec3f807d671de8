import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CHARON } from "../../../plugin/ike/charon/process.ts";
import { agentSite, type AgentSite } from "../../support/agent/site.ts";
import { until } from "../../support/until.ts";

let site: AgentSite;

beforeEach(() => {
  site = agentSite();
  site.writeKeyring({
    active: 1,
    keys: [{ id: 1, secret: Buffer.alloc(32, 7).toString("base64") }],
  });
  site.writeCluster("own", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("far", {
    keying: "ike",
    podCIDRs: ["10.0.1.0/24"],
    nodes: [{ name: "node2", ips: ["203.0.113.2"] }],
  });
});

afterEach(() => {
  site[Symbol.dispose]();
});

describe.skipIf(!existsSync(CHARON))("an agent with tunnels by IKE", () => {
  it("has charon run, also where another program's policy is in the way of the rest", async () => {
    // prettier-ignore
    site.node.exec("ip", "xfrm", "policy", "add", "dir", "out", "src", "10.0.0.0/24", "dst", "10.0.1.0/24", "priority", "1", "action", "block");
    await using agent = await site.startAgent();
    await until(() => agent.log().includes("other programs hold"), {
      describe: agent.log,
    });
    await until(() => agent.log().includes("started charon"), {
      describe: agent.log,
    });
    expect(site.node.exec("ip", "xfrm", "policy")).toContain("priority 1 ");
  });

  it("leaves keys out of core dumps, its own and charon's", async () => {
    await using agent = await site.startAgent();
    const charon = () =>
      /"pid":(\d+),"msg":"started charon"/u.exec(agent.log())?.[1];
    await until(() => charon() !== undefined, { describe: agent.log });
    for (const pid of [agent.process.pid, charon()])
      expect(readFileSync(`/proc/${String(pid)}/coredump_filter`, "utf8")).toBe(
        "00000000\n",
      );
  });
});
